"""News from the worker to Django: in order per call, kept while Django is away, sent until taken."""

import asyncio
import contextlib
import itertools
import logging
import uuid
from typing import Any

import aiohttp

from common.faultpoint import faultpoint
from media_worker import protocol as p

logger = logging.getLogger(__name__)

QUEUE_MAX = 20_000
BATCH_MAX = 200
LINGER_S = 0.02  # what happens together travels together
BACKOFF_FIRST_S = 0.2
BACKOFF_MAX_S = 5.0
REQUEST_TIMEOUT_S = 5.0
# Of these only the latest counts; an older one that was not sent yet is replaced.
LATEST_ONLY = frozenset({"proof", "quality", "playout.progress"})


class EventSender:
    """`put` never waits. Two tasks: one sends events, one heartbeats; `stop` ends both."""

    def __init__(self, web_url: str, token: str, worker_id: str) -> None:
        self.dropped = 0
        self.refused = 0
        self._web_url = web_url.rstrip("/")
        self._worker_id = worker_id
        self._headers = {"Authorization": f"Bearer {token}"}
        self._queue: dict[str, p.Event] = {}  # key -> event, in order of insertion
        self._numbers = itertools.count(1)
        self._run_id = uuid.uuid4().hex[:12]  # ids stay unique over restarts
        self._wake = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._session = aiohttp.ClientSession(
            headers=self._headers,
            timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S),
            trust_env=False,
        )
        self._task = asyncio.create_task(self._run())

    def put(
        self,
        call_id: str,
        epoch: int,
        kind: Any,
        at_ms: int,
        participant_id: str | None,
        leg_id: str | None,
        payload: dict[str, Any],
    ) -> None:
        event_id = f"{self._worker_id}-{self._run_id}-{next(self._numbers)}"
        event = p.Event(
            id=event_id,
            call_id=call_id,
            epoch=epoch,
            kind=kind,
            at_ms=at_ms,
            participant_id=participant_id,
            leg_id=leg_id,
            payload=payload,
        )
        key = event_id
        if kind in LATEST_ONLY:
            key = f"{kind}/{call_id}/{leg_id}"
            self._queue.pop(key, None)
        elif len(self._queue) >= QUEUE_MAX:
            self._queue.pop(next(iter(self._queue)))
            self.dropped += 1
        self._queue[key] = event
        self._empty.clear()
        self._wake.set()

    async def _run(self) -> None:
        backoff = BACKOFF_FIRST_S
        while True:
            await self._wake.wait()
            await asyncio.sleep(LINGER_S)
            self._wake.clear()
            while self._queue:
                batch = list(itertools.islice(self._queue.items(), BATCH_MAX))
                if await self._post_batch([event for _, event in batch]):
                    backoff = BACKOFF_FIRST_S
                    for key, event in batch:
                        if self._queue.get(key) is event:
                            del self._queue[key]
                else:
                    await asyncio.sleep(backoff)
                    backoff = min(BACKOFF_MAX_S, backoff * 2)
            self._empty.set()

    async def _post_batch(self, events: list[p.Event]) -> bool:
        body = p.EventBatch(worker_id=self._worker_id, events=events)
        taken = await self._post(p.EVENTS_PATH, body)
        faultpoint("events.taken")
        return taken

    async def beat(self, heartbeat: p.Heartbeat) -> bool:
        """One heartbeat. False when Django did not take it; the next one comes anyway."""
        return await self._post(p.HEARTBEAT_PATH, heartbeat)

    async def _post(self, path: str, body: p.Message) -> bool:
        try:
            async with self._session.post(
                self._web_url + path,
                data=body.model_dump_json(),
                headers={"Content-Type": "application/json"},
            ) as answer:
                if answer.status < 300:
                    return True
                self.refused += 1
                if self.refused in (1, 10, 100) or self.refused % 1000 == 0:
                    logger.warning("%s answered %d", path, answer.status)
        except (aiohttp.ClientError, TimeoutError, OSError):
            # Away: this is what the queue is for.
            return False
        return False

    async def flush(self, within_s: float) -> None:
        """Give what is queued that long to be taken."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), within_s)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._session.close()
