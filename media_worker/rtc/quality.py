"""How much a publisher may send, and figures about a connection. Pure."""

from dataclasses import dataclass

LOSS_LOW = 0.02
GROW = 1.08
SETTLE_S = 2.0  # what a dead path lost is reported for a second or two after it is back


@dataclass(frozen=True)
class Manner:
    """What gives way first on a bad network: the picture (流畅), or the delay (画质)."""

    loss_high: float
    delay_high_s: float
    shrink: float


MANNERS = {
    "smooth": Manner(0.05, 0.15, 0.75),
    "balanced": Manner(0.10, 0.25, 0.85),
    "quality": Manner(0.20, 0.50, 0.95),
}


@dataclass
class UplinkPolicy:
    """What the worker tells a publisher by REMB: a generous start, a clamped top.

    The stock estimator needs 16 s to reach 600 kbit/s; this one starts at the top and gives way
    to loss and to a queue that grows.
    """

    min_kbps: float
    max_kbps: float
    preference: str = "balanced"
    target_kbps: float = 0.0

    def __post_init__(self) -> None:
        self.target_kbps = self.max_kbps

    def update(
        self,
        *,
        loss: float,
        delay_s: float,
        received_kbps: float,
        subscriber_kbps: float | None,
        resumed_s: float | None = None,
    ) -> float:
        """Kilobits per second to allow for the next second.

        `subscriber_kbps` is what the narrowest subscriber can take; it never pushes the picture
        below `min_kbps`, because the recording is worth more than one viewer's smoothness.
        `resumed_s` is how long ago a dead path came back: what it swallowed says nothing about how
        much it carries, and repairs and a keyframe need the rate just then.
        """
        manner = MANNERS[self.preference]
        used = received_kbps or self.target_kbps
        if resumed_s is not None and resumed_s < SETTLE_S:
            pass
        elif loss > manner.loss_high:
            self.target_kbps = min(self.target_kbps, used * 1.1) * (1 - 0.5 * loss)
        elif delay_s > manner.delay_high_s:
            self.target_kbps = min(self.target_kbps, used * 1.1) * manner.shrink
        elif loss < LOSS_LOW:
            self.target_kbps = self.target_kbps * GROW + 10
        self.target_kbps = max(self.min_kbps, min(self.max_kbps, self.target_kbps))
        if subscriber_kbps is None:
            return self.target_kbps
        return max(self.min_kbps, min(self.target_kbps, subscriber_kbps))


LEVELS = ("good", "fair", "poor")
FAIR_LOSS, POOR_LOSS = 0.03, 0.08
FAIR_RTT_S, POOR_RTT_S = 0.3, 0.6
WORSE_AFTER = 2  # looks in a row
BETTER_AFTER = 5


class Grade:
    """How a client's network is, slow to change: a warning that cries wolf is not read.

    `fault` says which way is bad: up (what others get of him), down (what he gets), or none.
    """

    def __init__(self) -> None:
        self.level = "good"
        self.fault = "none"
        self._candidate = "good"
        self._looks = 0

    def look(self, *, loss_up: float, loss_down: float, rtt_s: float | None) -> None:
        raw = _level(max(loss_up, loss_down), rtt_s)
        if raw == self.level:
            self._looks = 0
        else:
            worse = LEVELS.index(raw) > LEVELS.index(self.level)
            was_worse = LEVELS.index(self._candidate) > LEVELS.index(self.level)
            self._looks = self._looks + 1 if worse == was_worse else 1
            self._candidate = raw
            if self._looks >= (WORSE_AFTER if worse else BETTER_AFTER):
                self.level, self._looks = raw, 0
        if self.level == "good":
            self.fault = "none"
        elif max(loss_up, loss_down) >= FAIR_LOSS:
            self.fault = "up" if loss_up >= loss_down else "down"


def _level(loss: float, rtt_s: float | None) -> str:
    if loss >= POOR_LOSS or (rtt_s or 0.0) >= POOR_RTT_S:
        return "poor"
    return "fair" if loss >= FAIR_LOSS or (rtt_s or 0.0) >= FAIR_RTT_S else "good"


@dataclass(frozen=True)
class Meter:
    """Counters at one moment; two of them make rates."""

    at_s: float
    bytes_up: int
    bytes_down: int
    frames: int

    def kbps_up(self, since: "Meter") -> float:
        return self._rate(self.bytes_up - since.bytes_up, since) * 8 / 1000

    def kbps_down(self, since: "Meter") -> float:
        return self._rate(self.bytes_down - since.bytes_down, since) * 8 / 1000

    def fps(self, since: "Meter") -> float:
        return self._rate(self.frames - since.frames, since)

    def _rate(self, change: int, since: "Meter") -> float:
        elapsed = self.at_s - since.at_s
        return 0.0 if elapsed <= 0 else max(0.0, change / elapsed)


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values are; 0 for none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
