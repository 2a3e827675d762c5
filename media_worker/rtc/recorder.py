"""Writes what publishers send, undecoded: one thread per process, one file per leg, track and part.

The loop only appends to bounded deques. Four times a second the thread orders packets, builds
frames and appends whole clusters, so a killed process loses less than a second (M5).
"""

import hashlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from common.faultpoint import faultpoint
from media_worker.rtc import vp8
from media_worker.rtc.assembler import Assembler, Frame, Packet
from media_worker.rtc.inbound import SenderReport
from media_worker.rtc.journal import CallClock
from media_worker.rtc.matroska import MatroskaFile
from media_worker.rtc.media_clock import MediaClock, Placed

logger = logging.getLogger(__name__)

TICK_S = 0.25
QUEUE_MAX = 6000  # packets; some 30 s of video
GAP_MS = 1000
REPORT_EVERY_S = 10.0
RETRY_AFTER_ERROR_S = 1.0
KEYFRAME_EVERY_S = 1.0  # asked for while nothing can be written without one

_CUT: Final = "cut"
_END: Final = "end"
Item = Packet | SenderReport | Literal["cut", "end"]
Notify = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True)
class TrackName:
    participant_id: str
    leg_id: str
    leg_no: int
    kind: str
    epoch: int

    def file(self, part: int) -> str:
        stem = f"{self.participant_id}.{self.leg_no}.{self.kind}.e{self.epoch}"
        return f"tracks/{stem}.{part:03d}.mkv"


class Track:
    """The recording of one stream. `notify(kind, body)` is called in the writer's thread.

    `track.wants_keyframe` is for the publisher, all else for the journal.
    """

    def __init__(
        self,
        name: TrackName,
        folder: Path,
        clock: CallClock,
        part_seconds: float,
        notify: Notify,
        *,
        after_ms: float | None = None,
    ) -> None:
        """`after_ms` is where the track ended that this one goes on for."""
        self.name = name
        self.closed: Future[None] = Future()
        self.bytes = 0
        self.file = ""
        self.last_write_at: float | None = None
        self.dropped = 0
        self.errors = 0
        self._folder = folder
        self._call_clock = clock
        self._media_clock = MediaClock(name.kind, clock)
        self._part_ms = part_seconds * 1000
        self._notify = notify
        self._queue: deque[Item] = deque()
        self._overflow = False
        self._assembler = Assembler(name.kind)
        self._out: MatroskaFile | None = None
        self._part = 0
        self._part_start_ms = 0.0
        self._part_anchor = 0
        self._last_ms = after_ms
        self._step_ms = 20.0 if name.kind == "audio" else 66.0
        self._size = (0, 0)
        self._retry_at = 0.0
        self._now = time.monotonic()  # of the writer's present look
        self._keyframe_asked_at = self._now  # by who made the track
        self._reported_at = -REPORT_EVERY_S

    # -- in the loop's thread

    def on_packet(
        self,
        ext: int,
        timestamp: int,
        marker: bool,
        packet: bytes,
        offset: int,
        keyframe: bool,
        now: float,
    ) -> None:
        if len(self._queue) >= QUEUE_MAX:
            self.dropped += 1
            self._overflow = True
            return
        if self._overflow:
            is_usable = keyframe or self.name.kind == "audio"
            if not is_usable or len(self._queue) > QUEUE_MAX // 2:
                self.dropped += 1
                return
            self._overflow = False
            self._queue.append(_CUT)
        self._queue.append((ext, timestamp, marker, packet, offset, now))

    def on_cut(self) -> None:
        self._queue.append(_CUT)

    def on_pause(self) -> None:
        """Old pictures are what a recording is for."""

    def on_report(self, report: SenderReport) -> None:
        if report.arrived - self._reported_at >= REPORT_EVERY_S:
            self._reported_at = report.arrived
            self._queue.append(report)

    def end(self) -> None:
        self._queue.append(_END)

    @property
    def write_age_ms(self) -> int:
        """Since the last byte was written; -1 when none was."""
        if self.last_write_at is None:
            return -1
        return int((time.monotonic() - self.last_write_at) * 1000)

    @property
    def last_ms(self) -> float | None:
        """Where the last frame lies."""
        return self._last_ms

    # -- in the writer's thread

    def drain(self, now: float) -> bool:
        """Write what came. False once the track has ended."""
        self._now = now
        came = len(self._queue)
        for _ in range(came):
            item = self._queue.popleft()
            if isinstance(item, tuple):
                self._assembler.add(item)
            elif item == _CUT:
                self._write(self._assembler.cut(now), settle=True)
            elif item == _END:
                self._write(self._assembler.take(now, flush=True), settle=True)
                self._close_part()
                self.closed.set_result(None)
                return False
            elif isinstance(item, SenderReport):
                self._write(self._assembler.take(now))
                self._map_clock(item)
        self._write(self._assembler.take(now))
        if self._overflow or came:
            self._ask_for_keyframe()
        return True

    def give_up(self) -> None:
        """It raised. `track.broken` is told after everything else of it."""
        try:
            self._close_part()
        except Exception:
            # What broke the writing may break the closing; the file is whole without it.
            logger.exception("a part of a broken track was not closed")
        self.closed.set_result(None)
        self._tell("track.broken")

    def _ask_for_keyframe(self) -> None:
        """Where nothing, or nothing in the right place, can be written before there is one."""
        if self.name.kind == "audio" or self._now < self._retry_at:
            return
        is_waiting = self._out is None or self._assembler.wants_keyframe or self._overflow
        is_moved = self._part_anchor != self._media_clock.anchor
        if (is_waiting or is_moved) and self._now - self._keyframe_asked_at >= KEYFRAME_EVERY_S:
            self._keyframe_asked_at = self._now
            self._tell("track.wants_keyframe")

    def _write(self, frames: list[Frame], *, settle: bool = False) -> None:
        batch: list[tuple[int, bool, bytes]] = []
        for placed in self._media_clock.place(frames, self._now, settle=settle):
            frame, before_ms = placed.frame, self._last_ms
            at_ms = max(placed.at_ms, before_ms or placed.at_ms)
            if self._starts_part(placed, at_ms):
                self._flush(batch)
                self._close_part()
            if self._out is None and not self._open_part(placed, at_ms):
                continue
            if before_ms is not None and at_ms - before_ms >= GAP_MS:
                self._tell("track.gap", from_ms=round(before_ms), to_ms=round(at_ms))
            elif before_ms is not None and 0 < at_ms - before_ms < 200:
                self._step_ms = at_ms - before_ms
            self._last_ms = at_ms
            batch.append((round(at_ms - self._part_start_ms), frame.keyframe, frame.data))
        self._flush(batch)

    def _starts_part(self, placed: Placed, at_ms: float) -> bool:
        frame = placed.frame
        if self._out is None or not frame.keyframe:
            return False
        if placed.anchor != self._part_anchor:  # a part has one line from its times to the clock
            return True
        if self.name.kind == "video" and vp8.keyframe_size(frame.data) != self._size:
            return True
        return at_ms - self._part_start_ms >= self._part_ms

    def _open_part(self, placed: Placed, at_ms: float) -> bool:
        frame = placed.frame
        if not frame.keyframe or self._now < self._retry_at:
            return False
        if self.name.kind == "video":
            self._size = vp8.keyframe_size(frame.data) or (0, 0)
        file = self.name.file(self._part)
        while (self._folder / file).exists():  # recorded before: switched off and on again
            self._part += 1
            file = self.name.file(self._part)
        try:
            path = self._folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            width, height = self._size
            self._out = MatroskaFile(path, self.name.kind, width=width, height=height)
        except OSError as full:
            self._failed(full)
            return False
        finally:
            self._part += 1
        faultpoint("track.opened")
        self.file = file
        self.bytes += self._out.bytes
        self._part_start_ms = at_ms
        self._part_anchor = placed.anchor
        self._tell(
            "track.started",
            codec="opus" if self.name.kind == "audio" else "vp8",
            start_ms=round(at_ms),
            width=self._size[0],
            height=self._size[1],
        )
        return True

    def _flush(self, batch: list[tuple[int, bool, bytes]]) -> None:
        if not batch or self._out is None:
            return
        frames, before = batch[:], self._out.bytes
        batch.clear()
        try:
            self._out.write(frames)
        except OSError as full:
            self._failed(full)
            self._close_part()
            return
        faultpoint("track.written")
        self.bytes += self._out.bytes - before
        self.last_write_at = time.monotonic()

    def _failed(self, reason: OSError) -> None:
        self.errors += 1
        self._retry_at = self._now + RETRY_AFTER_ERROR_S
        self._assembler.wants_keyframe = self.name.kind == "video"
        self._tell("track.failed", errno=reason.errno or 0)

    def _close_part(self) -> None:
        out, self._out = self._out, None
        if out is None:
            return
        self._last_ms = self._part_start_ms + out.duration_ms  # without what was not written
        try:
            out.close()
        except OSError as full:
            self._failed(full)
        faultpoint("track.closed")
        digest = hashlib.sha256()
        with out.path.open("rb") as data:
            while chunk := data.read(1 << 20):
                digest.update(chunk)
        start = round(self._part_start_ms)
        self._tell(
            "track.ended",
            bytes=out.path.stat().st_size,
            sha256=digest.hexdigest(),
            start_ms=start,
            end_ms=round(start + out.duration_ms + self._step_ms),
        )

    def _map_clock(self, report: SenderReport) -> None:
        """Where the publisher's clock is on this file: aligns sound and picture when composing."""
        if self._out is None or self._part_anchor != self._media_clock.anchor:
            return
        at_ms = self._media_clock.at(self._assembler.unwrap(report.timestamp))
        self._tell(
            "track.sr",
            pts_ms=round(at_ms - self._part_start_ms, 1),
            ntp_unix_ms=round(report.ntp_s * 1000, 1),
            arrived_ms=self._call_clock.at(report.arrived),
        )

    def _tell(self, kind: str, **body: Any) -> None:
        name = self.name
        self._notify(
            kind,
            {
                "participant_id": name.participant_id,
                "leg_id": name.leg_id,
                "leg_no": name.leg_no,
                "track": name.kind,
                "file": self.file,
                **body,
            },
        )


class Recorder:
    """The writer's thread. Tracks end by Track.end(); `stop` waits for those that are left."""

    def __init__(self) -> None:
        self._tracks: set[Track] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def add(self, track: Track) -> None:
        with self._lock:
            self._tracks.add(track)

    def hurry(self) -> None:
        """Write now instead of at the next tick (a track ended, a call closes)."""
        self._wake.set()

    def stop(self) -> None:
        with self._lock:
            for track in self._tracks:
                track.end()
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout=20)

    def _run(self) -> None:
        while True:
            self._wake.wait(TICK_S)
            self._wake.clear()
            with self._lock:
                tracks = list(self._tracks)
            now = time.monotonic()
            for track in tracks:
                try:
                    alive = track.drain(now)
                except Exception:
                    # One broken track must not stop the writing of all others.
                    logger.exception("a track of the recording broke")
                    alive = False
                    track.give_up()
                if not alive:
                    with self._lock:
                        self._tracks.discard(track)
            if self._stopping and not self._tracks:
                return
