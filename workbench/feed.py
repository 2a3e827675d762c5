"""The line for all workbenches of one process: heard once, read once, told to each.

Sending every change of the line to every socket does not scale (300 changes to 200 sockets took
seconds): each process hears the group on one channel, waits until it settles, and reads it once.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any
from weakref import WeakKeyDictionary

import redis
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer

from common.push import QUEUE_GROUP
from queueing.selectors import queue_snapshot

logger = logging.getLogger(__name__)

SETTLE_S = 0.5
AGAIN_S = 1.0
FRESH_S = 1.0
# Redis's own errors are no OSError, its connection error neither.
AWAY = (redis.exceptions.RedisError, OSError)

Listener = Callable[[dict[str, Any]], Awaitable[None]]


class QueueFeed:
    """Runs while somebody listens."""

    def __init__(self) -> None:
        self._line: dict[str, Any] | None = None
        self._read_at = 0.0
        self._listeners: set[Listener] = set()
        self._work: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    def listen(self, listener: Listener) -> None:
        self._listeners.add(listener)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._run())

    async def leave(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        if not self._listeners and self._work is not None:
            work, self._work = self._work, None
            work.cancel()
            await asyncio.wait({work})

    def fresh_line(self) -> dict[str, Any] | None:
        """The line as all were told it, when that was just now: in a rush nobody reads it again."""
        return self._line if time.monotonic() - self._read_at < FRESH_S else None

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hear())
            group.create_task(self._tell_when_changed())

    async def _hear(self) -> None:
        """Never waits with a time limit: a broken off `receive` would end the membership."""
        layer = get_channel_layer()
        assert layer is not None  # noqa: S101 - always configured
        channel = ""
        try:
            while True:
                try:
                    channel = channel or await layer.new_channel()
                    await layer.group_add(QUEUE_GROUP, channel)
                    while True:
                        await layer.receive(channel)
                        self._changed.set()
                except AWAY as error:
                    # The layer is away: what happened meanwhile is read when it is back.
                    logger.warning("queue feed interrupted error=%s", type(error).__name__)
                    await asyncio.sleep(AGAIN_S)
                    self._changed.set()
        finally:
            if channel:
                with contextlib.suppress(*AWAY):
                    await layer.group_discard(QUEUE_GROUP, channel)

    async def _tell_when_changed(self) -> None:
        """Many changes become one; none waits longer than SETTLE_S."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(SETTLE_S)
            self._changed.clear()
            try:
                await self._tell()
            except Exception:  # a supervisor loop: the next change is told
                logger.exception("queue feed could not read the line")

    async def _tell(self) -> None:
        begun = time.monotonic()
        line = await database_sync_to_async(queue_snapshot)()
        self._line, self._read_at = line, begun
        for listener in list(self._listeners):
            try:
                await listener(line)
            except Exception:  # one page's end must not keep the line from the others
                logger.exception("queue feed listener failed")


_feeds: WeakKeyDictionary[asyncio.AbstractEventLoop, QueueFeed] = WeakKeyDictionary()


def feed() -> QueueFeed:
    """The one of this process (of this event loop)."""
    loop = asyncio.get_running_loop()
    if loop not in _feeds:
        _feeds[loop] = QueueFeed()
    return _feeds[loop]
