"""Network tests: rooms for seconds, of which nothing is recorded, told or counted as a call."""

import asyncio
import contextlib
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from media_worker.rtc.errors import RoomRefused
from media_worker.rtc.room import Emit, Room

LIFE_S = 40.0


class Probes:
    def __init__(self, folder: Path, most: int) -> None:
        """`most` at a time: whoever tests must not be what a conversation suffers from."""
        self.rooms: dict[str, Room] = {}
        self._folder, self._most = folder, most
        self._over: dict[str, asyncio.Event] = {}  # one for each that is open or opening
        self._lives: set[asyncio.Task[None]] = set()

    def forget_old(self) -> None:
        """What the tests of a worker that was killed left."""
        for folder in self._folder.glob("*"):
            if time.time() - folder.stat().st_mtime > LIFE_S:
                shutil.rmtree(folder, ignore_errors=True)

    async def open(self, room_id: str, open_room: Callable[[Path, Emit], Awaitable[Room]]) -> None:
        """Raises RoomRefused `probes_full`, and what `open_room` raises."""
        if len(self._over) >= self._most:
            raise RoomRefused("probes_full", status=503)
        over = self._over[room_id] = asyncio.Event()

        def emit(_epoch: int, kind: str, *_: Any) -> None:
            if kind == "leg.closed" and not self.rooms[room_id].legs:
                over.set()  # both ends have hung up

        try:
            room = self.rooms[room_id] = await open_room(self._folder / room_id, emit)
        except BaseException:
            del self._over[room_id]
            raise
        life = asyncio.create_task(self._end(room, over))
        self._lives.add(life)
        life.add_done_callback(self._lives.discard)

    async def _end(self, room: Room, over: asyncio.Event) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), LIFE_S)
        try:
            await room.abandon()
        finally:
            del self.rooms[room.call_id], self._over[room.call_id]
            await asyncio.to_thread(shutil.rmtree, room.folder, ignore_errors=True)

    async def stop(self) -> None:
        for over in self._over.values():
            over.set()
        await asyncio.gather(*self._lives)
