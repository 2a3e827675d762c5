"""Where a track's frames belong on the call's clock: by their media time, anchored to one arrival.

A way that stood still delivers late what was sent in time: such frames keep their places. A
publisher whose own clock stood or jumped never comes back to the old line: there the anchor moves.
The first late frames look the same in both, so they are held until it shows.
"""

from typing import NamedTuple

from media_worker.rtc.assembler import Frame
from media_worker.rtc.inbound import CLOCK
from media_worker.rtc.journal import CallClock

LATE_MS = 1500  # media time and arrival differ by more: one of the two clocks is wrong
DOUBT_MS = 1000  # held that long at most
DRAINS_MS = 75  # so much less late in the doubt's second half: a queue on the way, which empties


class Placed(NamedTuple):
    """`anchor` counts: frames with the same number lie on one line."""

    frame: Frame
    at_ms: float
    anchor: int


class MediaClock:
    def __init__(self, kind: str, call_clock: CallClock) -> None:
        self.anchor = 0  # how often there was one
        self._per_ms = CLOCK[kind] / 1000
        self._call_clock = call_clock
        self._zero_ms = 0.0  # call time of RTP time 0
        self._held: list[Frame] = []

    def at(self, timestamp: int) -> float:
        """Call time of an unwrapped RTP time."""
        return self._zero_ms + timestamp / self._per_ms

    def place(self, frames: list[Frame], now: float, *, settle: bool = False) -> list[Placed]:
        """Those whose places are known; with `settle` all, whatever is still in doubt."""
        placed: list[Placed] = []
        for frame in frames:
            late_ms = self._late_ms(frame)
            if self._held or (self.anchor and late_ms > LATE_MS):
                self._held.append(frame)
            else:
                placed.append(self._on_line(frame, late_ms))
        if self._held:
            late = [self._late_ms(frame) for frame in self._held]
            in_time = min(late) <= LATE_MS
            if in_time or settle or now - self._held[0].arrived >= DOUBT_MS / 1000:
                if not in_time and not _drains(late):
                    self._move_to(self._held[late.index(min(late))])
                placed += [self._on_line(frame, self._late_ms(frame)) for frame in self._held]
                self._held = []
        return placed

    def _late_ms(self, frame: Frame) -> float:
        return self._call_clock.at(frame.arrived) - self.at(frame.timestamp)

    def _on_line(self, frame: Frame, late_ms: float) -> Placed:
        # The first of all, or one that arrived before it can have been sent.
        if not self.anchor or late_ms < -LATE_MS:
            self._move_to(frame)
        return Placed(frame, self.at(frame.timestamp), self.anchor)

    def _move_to(self, frame: Frame) -> None:
        self._zero_ms += self._late_ms(frame)
        self.anchor += 1


def _drains(late: list[float]) -> bool:
    """Whether frames come less and less late: a queue on the way. The least of each half, for jitter."""
    half = len(late) // 2
    return half > 0 and min(late[:half]) - min(late[half:]) > DRAINS_MS
