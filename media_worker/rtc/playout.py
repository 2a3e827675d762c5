"""Play-out: a prepared item goes to everybody in the call as one more publisher (MKT-2, WB-16).

The item's packets are sent as they are in its file, live: nobody can wind forward. VP8 with a
keyframe as the first frame and one every few seconds, Opus of 20 ms, in Matroska.
"""

import asyncio
import contextlib
import logging
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

from media_worker.rtc.errors import RoomRefused
from media_worker.rtc.inbound import CLOCK, Inbound, SenderReport
from media_worker.rtc.leg import Leg
from media_worker.rtc.quality import UplinkPolicy

logger = logging.getLogger(__name__)

MEDIA_ID = "media"
SHARE_ID = "share"
CONTENT = frozenset({MEDIA_ID, SHARE_ID})  # publishers that are no persons

PAYLOAD_TYPE = {"audio": 111, "video": 96}
CODEC = {"opus": "audio", "vp8": "video"}
FRAGMENT_BYTES = 1100
READ_AHEAD_S = 1.0
REPORT_EVERY_S = 1.0
PROGRESS_EVERY_S = 1.0
LEAD_S = 0.003  # what is due this soon is sent at once

_header = struct.Struct("!BBHLL").pack


@dataclass(frozen=True, slots=True)
class Piece:
    """One frame of the item; `at_s` from the item's start."""

    kind: str
    at_s: float
    data: bytes
    keyframe: bool


class ItemReader:
    """The frames of an item in the order of their times. Blocking: used from a thread."""

    def __init__(self, path: Path, start_ms: int) -> None:
        """Raises RoomRefused `item_unusable`."""
        try:
            container = av.open(str(path), "r")
        except (av.FFmpegError, OSError) as broken:
            raise RoomRefused("item_unusable", "the file cannot be opened", status=422) from broken
        if not isinstance(container, InputContainer):
            raise RoomRefused("item_unusable", "no input", status=422)
        self._container = container
        streams = [s for s in container.streams if s.codec_context is not None]
        kinds = [CODEC.get(s.codec_context.name.removeprefix("lib")) for s in streams]
        if not streams or None in kinds or len(set(kinds)) != len(kinds):
            container.close()
            raise RoomRefused("item_unusable", "not one VP8 and one Opus track", status=422)
        self.kinds = {s.index: str(kind) for s, kind in zip(streams, kinds, strict=True)}
        self.duration_ms = int((container.duration or 0) / 1000)
        if start_ms > 0:
            container.seek(start_ms * 1000)  # to the keyframe before: nothing is skipped
        self._packets = container.demux(streams)
        self._begin_s: float | None = None

    def read(self) -> list[Piece]:
        """The next second; empty at the end."""
        found: list[Piece] = []
        for packet in self._packets:
            if packet.pts is None or packet.time_base is None or not packet.size:
                continue
            at_s = float(packet.pts * packet.time_base)
            kind = self.kinds[packet.stream.index]
            found.append(Piece(kind, at_s, bytes(packet), packet.is_keyframe))
            if at_s - found[0].at_s >= READ_AHEAD_S:
                break
        return found

    def close(self) -> None:
        self._container.close()


class PlayedStream(Inbound):
    """One track of the item, in packets as a client would send them."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind, send_rtcp=_nowhere, arm=_never, rtcp_ssrc=0)
        self.negotiated(PAYLOAD_TYPE[kind], None, 1, None)
        self.clock_offset_s = 0.0
        self._next_seq = 0
        self._picture = 0
        self._reported_at = -REPORT_EVERY_S

    def request_keyframe(self) -> None:
        """The file has one every two seconds; nobody can be asked for another."""

    def send(self, data: bytes, at_s: float, now: float) -> None:
        """`at_s` on the clock of this play-out, pauses included."""
        timestamp = int(at_s * CLOCK[self.kind]) & 0xFFFFFFFF
        if now - self._reported_at >= REPORT_EVERY_S:
            self._reported_at = now
            self.report = SenderReport(time.time(), timestamp, now)
            for tap in self.report_taps:
                tap(self.report)
        if self.kind == "audio":
            self._packet(data, timestamp, marker=False, now=now)
            return
        self._picture = (self._picture + 1) & 0x7FFF
        for start in range(0, len(data), FRAGMENT_BYTES):
            descriptor = struct.pack("!BBH", 0x80 if start else 0x90, 0x80, 0x8000 | self._picture)
            part = data[start : start + FRAGMENT_BYTES]
            is_last = start + FRAGMENT_BYTES >= len(data)
            self._packet(descriptor + part, timestamp, marker=is_last, now=now)

    def _packet(self, payload: bytes, timestamp: int, *, marker: bool, now: float) -> None:
        m_pt = PAYLOAD_TYPE[self.kind] | (0x80 if marker else 0)
        seq = self._next_seq
        self._next_seq = (seq + 1) & 0xFFFF
        self.on_rtp(_header(0x80, m_pt, seq, timestamp, 1) + payload, m_pt, seq, timestamp, 1, now)


def _nowhere(_data: bytes) -> None:
    """There is no client behind a file."""


def _never(_seconds: float, _call: Callable[[], None]) -> None:
    """Nothing is ever lost on the way from a file."""


class PlayedLeg(Leg):
    """The item in the place of a connection: publishes, and sees nobody.

    `tell(state, position_ms)` is called every second and at every change; states are playing,
    paused, ended (came to its end), stopped and failed.
    """

    def __init__(self, play_id: str, reader: ItemReader, tell: Callable[[str, int], None]) -> None:
        super().__init__(
            MEDIA_ID,
            play_id,
            policy=UplinkPolicy(0, 0),
            on_connected=_ignore,
            on_dead=_ignore_reason,
        )
        self.state = "playing"
        self.duration_ms = reader.duration_ms
        self.position_ms = 0
        self.inbound = {kind: PlayedStream(kind) for kind in reader.kinds.values()}
        self.connected_at = time.monotonic()
        self._reader, self._tell = reader, tell
        self._going = asyncio.Event()
        self._going.set()
        self._paused_at = 0.0
        self._paused_s = 0.0
        self._told_at = 0.0
        self._task: asyncio.Task[None] | None = None

    def begin(self, finished: Callable[[str], None]) -> None:
        """Send; `finished(outcome)` once, unless the leg is closed before."""
        self._task = asyncio.get_running_loop().create_task(self._run(finished))

    def unheard_for_s(self, now: float) -> float:
        return 0.0  # a pause is no loss

    def pause(self) -> bool:
        """Whether anything changed; so does `resume`."""
        if self.state != "playing":
            return False
        self.state = "paused"
        self._paused_at = time.monotonic()
        self._going.clear()
        self._report(time.monotonic())
        return True

    def resume(self) -> bool:
        if self.state != "paused":
            return False
        self.state = "playing"
        self._paused_s += time.monotonic() - self._paused_at
        self._going.set()
        self._report(time.monotonic())
        return True

    async def close(self, reason: str) -> None:
        if self.closed_reason is None and self._task is not None and not self._task.done():
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await super().close(reason)

    async def _run(self, finished: Callable[[str], None]) -> None:
        outcome = "failed"
        reading: asyncio.Task[list[Piece]] | None = None
        try:
            reading = asyncio.create_task(asyncio.to_thread(self._reader.read))
            pieces = await asyncio.shield(reading)  # the thread goes on when this is cancelled
            begin = time.monotonic()
            first_s = pieces[0].at_s if pieces else 0.0
            self.position_ms = int(first_s * 1000)
            while pieces:
                reading = asyncio.create_task(asyncio.to_thread(self._reader.read))
                for piece in pieces:
                    await self._send_in_time(piece, begin, first_s)
                pieces = await asyncio.shield(reading)
            outcome = "ended"
        except av.FFmpegError:
            logger.exception("an item of a play-out cannot be read to its end")
        finally:
            if reading is not None and not reading.done():
                await asyncio.wait([reading])
            self._reader.close()
        self.state = outcome
        finished(outcome)

    async def _send_in_time(self, piece: Piece, begin: float, first_s: float) -> None:
        while True:
            await self._going.wait()
            now = time.monotonic()
            elapsed = piece.at_s - first_s + self._paused_s
            early = begin + elapsed - now
            if early <= LEAD_S:
                break
            await asyncio.sleep(early)
        self.position_ms = max(self.position_ms, int(piece.at_s * 1000))
        stream = self.inbound[piece.kind]
        if isinstance(stream, PlayedStream):
            stream.send(piece.data, elapsed, now)
        if now - self._told_at >= PROGRESS_EVERY_S:
            self._report(now)

    def _report(self, now: float) -> None:
        self._told_at = now
        self._tell(self.state, self.position_ms)


def _ignore(_leg: Leg) -> None:
    """A file is connected from the start."""


def _ignore_reason(_leg: Leg, _reason: str) -> None:
    """A file's end is told by `finished`."""


async def open_item(path: Path, start_ms: int) -> ItemReader:
    return await asyncio.to_thread(ItemReader, path, start_ms)


def view(leg: PlayedLeg) -> dict[str, Any]:
    """Body of protocol.PlayState."""
    return {
        "play_id": leg.leg_id,
        "state": leg.state,
        "position_ms": leg.position_ms,
        "duration_ms": leg.duration_ms,
    }
