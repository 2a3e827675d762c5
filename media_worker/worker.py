"""The worker's state: its rooms, its recorder, its watch over them, its load figures."""

import asyncio
import logging
import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from aiortc import RTCIceServer

from media_worker import protocol as p
from media_worker.events import EventSender
from media_worker.items import ItemStore
from media_worker.probes import Probes
from media_worker.rtc.errors import RoomRefused
from media_worker.rtc.orphan import close_books
from media_worker.rtc.quality import percentile
from media_worker.rtc.recorder import Recorder
from media_worker.rtc.room import Emit, Room, RoomOptions
from media_worker.set_aside import SetAside
from media_worker.spool import CALL_MB, RESERVE_MB, Spool

logger = logging.getLogger(__name__)

WATCH_EVERY_S = 0.25
LAG_SAMPLE_EVERY_S = 0.05
LAG_SAMPLES = 1200  # a minute
LAG_RECENT_S = 5.0
HEARTBEAT_EVERY_S = 2.0
SUPERSEDED_EVERY_S = 1.0
CLOSED_KEPT = 1000
FLUSH_EVENTS_S = 2.0
PROBES = ".probes"
PROBES_SHARE = 3  # network tests at a time, one for so many calls
# Later than that in one of ten looks: whoever is here is served badly already.
LAG_LIMIT_MS = 250.0


@dataclass(frozen=True)
class WorkerOptions:
    worker_id: str
    web_url: str
    spool: Path
    token: str = field(repr=False)
    capacity: int = 30
    ice_servers: tuple[RTCIceServer, ...] = ()
    reserve_mb: int = RESERVE_MB
    call_mb: int = CALL_MB
    lag_limit_ms: float = LAG_LIMIT_MS


class Worker:
    """Must be made inside the running loop; `start` and `stop` frame its life."""

    def __init__(self, options: WorkerOptions) -> None:
        self.options = options
        self.control_url = ""
        self.rooms: dict[str, Room] = {}
        self.draining = False
        self.started_at_unix_ms = time.time_ns() // 1_000_000
        self.recorder = Recorder()
        self.set_aside = SetAside(options.spool / ".set-aside" / f"{options.worker_id}.jsonl")
        self.events = EventSender(options.web_url, options.token, options.worker_id, self.set_aside)
        self.items = ItemStore(
            options.web_url, options.token, options.spool / ".items", options.worker_id
        )
        self._closed: dict[str, p.CallClosed] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._lag_ms: deque[tuple[float, float]] = deque(maxlen=LAG_SAMPLES)  # when, how late
        self.spool = Spool(options.spool, reserve_mb=options.reserve_mb, call_mb=options.call_mb)
        self._tasks: list[asyncio.Task[None]] = []
        self.probes = Probes(options.spool / PROBES, max(1, options.capacity // PROBES_SHARE))

    def start(self, control_url: str) -> None:
        self.control_url = control_url
        self.probes.forget_old()
        self._tasks = [
            asyncio.create_task(work)
            for work in (self._watch(), self._measure_lag(), self._beat(), self._recover_orphans())
        ]

    async def stop(self) -> None:
        """Close every file cleanly; the calls themselves go on elsewhere."""
        self.draining = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.probes.stop()
        for call_id, room in list(self.rooms.items()):
            try:
                await room.suspend()
            except Exception:
                # The other calls' files must be closed whatever happened to this one.
                logger.exception("call %s was not suspended cleanly", call_id)
        self.rooms.clear()
        await asyncio.to_thread(self.recorder.stop)
        await self.items.stop()
        await self.events.flush(FLUSH_EVENTS_S)
        await self.events.beat(self._heartbeat(stopping=True))
        await self.events.stop()

    # -- calls

    def room(self, call_id: str) -> Room:
        """Of a call or a network test. Raises RoomRefused `call_not_open`."""
        room = self.rooms.get(call_id) or self.probes.rooms.get(call_id)
        if room is None:
            raise RoomRefused("call_not_open", status=404)
        return room

    async def open_call(self, call_id: str, body: p.OpenCall) -> p.Opened:
        if body.probe:
            return await self._open_probe(call_id, body)
        async with self._locks.setdefault(call_id, asyncio.Lock()):
            room = self.rooms.get(call_id)
            if room is not None:
                if body.epoch < room.journal.epoch:
                    raise RoomRefused("stale_epoch")
                room.adopt(body.epoch)
                return p.Opened(opened=True, resumed=room.journal.resumed)
            if self.draining:
                raise RoomRefused("draining", status=503)
            folder = self.options.spool / call_id
            # One that goes on is never refused: its sound fits where a new call does not.
            is_new = not folder.exists()
            if is_new and not self.spool.holds_another(len(self.rooms)):
                raise RoomRefused("disk_full", status=507)
            if is_new and self.is_lagging:
                raise RoomRefused("lagging", status=503)
            room = await self._open_room(call_id, body, folder, self._emitter(call_id))
            self.rooms[call_id] = room
            room.shed_video(self.spool.is_full)
            return p.Opened(opened=True, resumed=room.journal.resumed)

    async def _open_probe(self, room_id: str, body: p.OpenCall) -> p.Opened:
        if self.draining:
            raise RoomRefused("draining", status=503)
        if self.is_lagging:
            raise RoomRefused("lagging", status=503)
        await self.probes.open(room_id, partial(self._open_room, room_id, body))
        return p.Opened(opened=True)

    async def _open_room(self, call_id: str, body: p.OpenCall, folder: Path, emit: Emit) -> Room:
        return await Room.open(
            call_id,
            folder,
            epoch=body.epoch,
            t0_unix_ms=body.t0_unix_ms,
            record=body.record == "on_connect" and not body.probe,
            options=RoomOptions(**body.options.model_dump()),
            recorder=self.recorder,
            emit=emit,
            ice_servers=list(self.options.ice_servers),
            disk_free_percent=lambda: self.spool.room.free_percent,
            on_disk_full=self._disk_full,
        )

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
            room = self.rooms.get(call_id)
            if room is None:
                raise RoomRefused("call_not_open", status=404)
            closed = p.CallClosed.model_validate(await room.close(reason))
            del self.rooms[call_id]
            self._closed[call_id] = closed
            for old in list(self._closed)[:-CLOSED_KEPT]:
                del self._closed[old]
                self._locks.pop(old, None)
            return closed

    # -- watch

    @property
    def is_lagging(self) -> bool:
        """Whether the loop was late for some seconds: a further call would make it worse (M8)."""
        # By time, not by number: the later the loop, the fewer the samples.
        since = time.perf_counter() - LAG_RECENT_S
        if not self._lag_ms or self._lag_ms[0][0] > since:
            return False  # it has not run that long
        recent = [lag for at, lag in self._lag_ms if at > since]
        return not recent or percentile(recent, 0.9) > self.options.lag_limit_ms

    def health(self) -> p.Health:
        return p.Health(
            worker_id=self.options.worker_id,
            calls=len(self.rooms),
            legs=sum(len(room.legs) for room in self.rooms.values()),
            loop_lag_p99_ms=round(percentile([lag for _, lag in self._lag_ms], 0.99), 1),
            draining=self.draining,
        )

    async def _watch(self) -> None:
        looked_at = 0.0
        while True:
            await asyncio.sleep(WATCH_EVERY_S)
            now = time.monotonic()
            if self.spool.check():
                self._shed()
            if now - looked_at > SUPERSEDED_EVERY_S:
                looked_at = now
                await self._let_go_of_superseded()
            for call_id, room in [*self.rooms.items(), *self.probes.rooms.items()]:
                try:
                    room.watch(now)
                except Exception:
                    # The watch over the other calls must go on.
                    logger.exception("watching call %s failed", call_id)

    def _disk_full(self) -> None:
        if self.spool.ran_full():
            self._shed()

    def _shed(self) -> None:
        for room in self.rooms.values():
            room.shed_video(self.spool.is_full)

    async def _let_go_of_superseded(self) -> None:
        """Calls that another worker took while this one stood still (M2)."""
        for call_id, room in list(self.rooms.items()):
            if room.closing or not room.journal.is_superseded:
                continue
            logger.warning("call %s goes on at another worker", call_id)
            del self.rooms[call_id]
            try:
                await room.abandon()
            except Exception:
                # The other calls go on whatever happened to this one.
                logger.exception("call %s was not let go cleanly", call_id)

    async def _recover_orphans(self) -> None:
        """Close the books of calls whose worker was killed and that nobody may open again."""
        for journal in sorted(self.options.spool.glob("*/journal.jsonl")):
            call_id = journal.parent.name
            async with self._locks.setdefault(call_id, asyncio.Lock()):
                if call_id in self.rooms:
                    continue
                try:
                    found = await asyncio.to_thread(close_books, journal.parent)
                except Exception:
                    # One unreadable folder must not keep the others from being looked at.
                    logger.exception("the folder of call %s was not recovered", call_id)
                    continue
            if found:
                logger.warning("recovered %d files of call %s", found, call_id)

    async def _measure_lag(self) -> None:
        now = time.perf_counter()
        while True:
            before = now
            await asyncio.sleep(LAG_SAMPLE_EVERY_S)
            now = time.perf_counter()
            self._lag_ms.append((now, max(0.0, (now - before - LAG_SAMPLE_EVERY_S) * 1000)))

    async def _beat(self) -> None:
        while True:
            await self.events.beat(self._heartbeat())
            await asyncio.sleep(HEARTBEAT_EVERY_S)

    def _heartbeat(self, *, stopping: bool = False) -> p.Heartbeat:
        health = self.health()
        return p.Heartbeat(
            worker_id=health.worker_id,
            control_url=self.control_url,
            started_at_unix_ms=self.started_at_unix_ms,
            capacity=self.options.capacity,
            calls=health.calls,
            legs=health.legs,
            loop_lag_p99_ms=health.loop_lag_p99_ms,
            draining=self.draining,
            disk_free_percent=round(self.spool.room.free_percent, 1),
            lagging=self.is_lagging,
            holds_another=self.spool.holds_another(len(self.rooms)),
            events_set_aside=self.set_aside.count(),
            stopping=stopping,
        )
