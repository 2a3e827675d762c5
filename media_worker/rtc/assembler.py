"""Packets of one stream into whole frames, in order. Runs in the writer's thread.

A hole is waited for as long as a retransmission may still come; then everything up to the next
keyframe (video) or the next packet (audio) is left out.
"""

from dataclasses import dataclass

from media_worker.rtc import vp8

WAIT_S = {"audio": 0.8, "video": 1.9}  # longer than retransmissions are asked for
BUFFERED_MAX = 2000


@dataclass(frozen=True, slots=True)
class Frame:
    """`timestamp` is unwrapped RTP time, `arrived` monotonic seconds of its first packet."""

    data: bytes
    timestamp: int
    keyframe: bool
    arrived: float


Packet = tuple[int, int, bool, bytes, int, float]  # ext, timestamp, marker, packet, offset, arrived


class Assembler:
    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.malformed = 0
        self.holes = 0
        self.skipped_frames = 0
        self.wants_keyframe = kind == "video"
        self._wait_s = WAIT_S[kind]
        self._buffer: dict[int, Packet] = {}
        self._next: int | None = None
        self._parts: list[bytes] = []
        self._part_timestamp = 0
        self._part_arrived = 0.0
        self._part_started = False
        self._last_timestamp: int | None = None
        self._unwrapped = 0

    def add(self, packet: Packet) -> None:
        if self._next is None:
            self._next = packet[0]
        if packet[0] >= self._next:
            self._buffer[packet[0]] = packet

    def cut(self, now: float) -> list[Frame]:
        """What follows has nothing to do with what is missing: let out what there is."""
        frames = self.take(now, flush=True)
        self._next = None
        self._parts = []
        return frames

    def take(self, now: float, *, flush: bool = False) -> list[Frame]:
        """The frames that are complete, or will never be (with `flush`: do not wait for holes)."""
        frames: list[Frame] = []
        while self._buffer and self._next is not None:
            packet = self._buffer.pop(self._next, None)
            if packet is None:
                oldest = min(self._buffer)
                waited = now - self._buffer[oldest][5]
                if waited < self._wait_s and not flush and len(self._buffer) < BUFFERED_MAX:
                    break
                self.holes += 1
                self._next = oldest
                self._lose_frame()
                continue
            self._next += 1
            try:
                self._feed(packet, frames)
            except IndexError:
                self.malformed += 1
                self._lose_frame()
        return frames

    def unwrap(self, timestamp: int) -> int:
        """RTP time without its 32-bit wrap, relative to the first that was seen."""
        if self._last_timestamp is None:
            self._last_timestamp = timestamp
        step = (timestamp - self._last_timestamp) & 0xFFFFFFFF
        return self._unwrapped + (step if step < 0x80000000 else step - 0x100000000)

    def _advance(self, timestamp: int) -> int:
        self._unwrapped = self.unwrap(timestamp)
        self._last_timestamp = timestamp
        return self._unwrapped

    def _lose_frame(self) -> None:
        self._parts = []
        self._part_started = False
        if self.kind == "video":
            self.wants_keyframe = True

    def _feed(self, packet: Packet, frames: list[Frame]) -> None:
        _, timestamp, marker, data, offset, arrived = packet
        if len(data) <= offset:
            return
        if self.kind == "audio":
            frames.append(Frame(data[offset:], self._advance(timestamp), True, arrived))
            return
        if self._parts and timestamp != self._part_timestamp:
            # The marker never came; a frame that ends without it is still whole.
            self._finish(frames)
        if vp8.starts_frame(data, offset) and not self._parts:
            self._part_started = True
        if not self._parts:
            self._part_timestamp, self._part_arrived = timestamp, arrived
        self._parts.append(data[offset + vp8.descriptor_bytes(data, offset) :])
        if marker:
            self._finish(frames)

    def _finish(self, frames: list[Frame]) -> None:
        data, whole = b"".join(self._parts), self._part_started
        self._parts, self._part_started = [], False
        timestamp = self._advance(self._part_timestamp)
        if not data or not whole:
            self.wants_keyframe = True
            return
        keyframe = not data[0] & 1
        if keyframe:
            if vp8.keyframe_size(data) is None:
                self.malformed += 1
                self.wants_keyframe = True
                return
            self.wants_keyframe = False
        elif self.wants_keyframe:
            self.skipped_frames += 1
            return
        frames.append(Frame(data, timestamp, keyframe, self._part_arrived))
