"""The worker's state: its rooms, its recorder, its watch over them, its load figures."""

import asyncio
import logging
import shutil
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiortc import RTCIceServer

from media_worker import protocol as p
from media_worker.events import EventSender
from media_worker.rtc.errors import RoomRefused
from media_worker.rtc.quality import percentile
from media_worker.rtc.recorder import Recorder
from media_worker.rtc.room import Emit, Room, RoomOptions

logger = logging.getLogger(__name__)

WATCH_EVERY_S = 0.25
LAG_SAMPLE_EVERY_S = 0.05
LAG_SAMPLES = 1200  # a minute
HEARTBEAT_EVERY_S = 2.0
DISK_EVERY_S = 2.0
DISK_FLOOR_PERCENT = 3.0
CLOSED_KEPT = 1000
FLUSH_EVENTS_S = 2.0


@dataclass(frozen=True)
class WorkerOptions:
    worker_id: str
    web_url: str
    spool: Path
    token: str = field(repr=False)
    capacity: int = 30
    ice_servers: tuple[RTCIceServer, ...] = ()


class Worker:
    """Must be made inside the running loop; `start` and `stop` frame its life."""

    def __init__(self, options: WorkerOptions) -> None:
        self.options = options
        self.control_url = ""
        self.rooms: dict[str, Room] = {}
        self.draining = False
        self.started_at_unix_ms = time.time_ns() // 1_000_000
        self.recorder = Recorder()
        self.events = EventSender(options.web_url, options.token, options.worker_id)
        self._closed: dict[str, p.CallClosed] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._lag_ms: deque[float] = deque(maxlen=LAG_SAMPLES)
        self._disk_free = 100.0
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, control_url: str) -> None:
        self.control_url = control_url
        self._read_disk()
        self._tasks = [
            asyncio.create_task(work) for work in (self._watch(), self._measure_lag(), self._beat())
        ]

    async def stop(self) -> None:
        """Close every file cleanly; the calls themselves go on elsewhere."""
        self.draining = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for call_id, room in list(self.rooms.items()):
            try:
                await room.suspend()
            except Exception:
                # The other calls' files must be closed whatever happened to this one.
                logger.exception("call %s was not suspended cleanly", call_id)
        self.rooms.clear()
        await asyncio.to_thread(self.recorder.stop)
        await self.events.stop(flush_s=FLUSH_EVENTS_S)

    # -- calls

    def room(self, call_id: str) -> Room:
        """Raises RoomRefused `call_not_open`."""
        room = self.rooms.get(call_id)
        if room is None:
            raise RoomRefused("call_not_open", status=404)
        return room

    async def open_call(self, call_id: str, body: p.OpenCall) -> p.Opened:
        async with self._locks.setdefault(call_id, asyncio.Lock()):
            room = self.rooms.get(call_id)
            if room is not None:
                if body.epoch < room.journal.epoch:
                    raise RoomRefused("stale_epoch")
                room.adopt(body.epoch)
                return p.Opened(opened=True, resumed=room.journal.resumed)
            if self.draining:
                raise RoomRefused("draining", status=503)
            if self._disk_free < DISK_FLOOR_PERCENT:
                raise RoomRefused("disk_full", status=507)
            room = await Room.open(
                call_id,
                self.options.spool / call_id,
                epoch=body.epoch,
                t0_unix_ms=body.t0_unix_ms,
                record=body.record == "on_connect",
                options=RoomOptions(**body.options.model_dump()),
                recorder=self.recorder,
                emit=self._emitter(call_id),
                ice_servers=list(self.options.ice_servers),
                disk_free_percent=lambda: self._disk_free,
            )
            self.rooms[call_id] = room
            return p.Opened(opened=True, resumed=room.journal.resumed)

    def _emitter(self, call_id: str) -> Emit:
        def emit(
            epoch: int,
            kind: str,
            at_ms: int,
            participant_id: str | None,
            leg_id: str | None,
            payload: dict[str, Any],
        ) -> None:
            self.events.put(call_id, epoch, kind, at_ms, participant_id, leg_id, payload)

        return emit

    async def close_call(self, call_id: str, reason: str) -> p.CallClosed:
        async with self._locks.setdefault(call_id, asyncio.Lock()):
            if call_id in self._closed:
                return self._closed[call_id]
            room = self.room(call_id)
            closed = p.CallClosed.model_validate(await room.close(reason))
            del self.rooms[call_id]
            self._closed[call_id] = closed
            for old in list(self._closed)[:-CLOSED_KEPT]:
                del self._closed[old]
                self._locks.pop(old, None)
            return closed

    # -- watch

    def health(self) -> p.Health:
        return p.Health(
            worker_id=self.options.worker_id,
            calls=len(self.rooms),
            legs=sum(len(room.legs) for room in self.rooms.values()),
            loop_lag_p99_ms=round(percentile(list(self._lag_ms), 0.99), 1),
            draining=self.draining,
        )

    async def _watch(self) -> None:
        disk_at = 0.0
        while True:
            await asyncio.sleep(WATCH_EVERY_S)
            now = time.monotonic()
            if now - disk_at > DISK_EVERY_S:
                disk_at = now
                self._read_disk()
            for call_id, room in list(self.rooms.items()):
                try:
                    room.watch(now)
                except Exception:
                    # The watch over the other calls must go on.
                    logger.exception("watching call %s failed", call_id)

    def _read_disk(self) -> None:
        usage = shutil.disk_usage(self.options.spool)
        self._disk_free = usage.free * 100 / usage.total

    async def _measure_lag(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(LAG_SAMPLE_EVERY_S)
            late = time.perf_counter() - before - LAG_SAMPLE_EVERY_S
            self._lag_ms.append(max(0.0, late * 1000))

    async def _beat(self) -> None:
        while True:
            health = self.health()
            await self.events.beat(
                p.Heartbeat(
                    worker_id=health.worker_id,
                    control_url=self.control_url,
                    started_at_unix_ms=self.started_at_unix_ms,
                    capacity=self.options.capacity,
                    calls=health.calls,
                    legs=health.legs,
                    loop_lag_p99_ms=health.loop_lag_p99_ms,
                    draining=self.draining,
                    disk_free_percent=round(self._disk_free, 1),
                )
            )
            await asyncio.sleep(HEARTBEAT_EVERY_S)
