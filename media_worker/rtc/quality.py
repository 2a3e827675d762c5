"""How much a publisher may send, and figures about a connection. Pure."""

from dataclasses import dataclass

LOSS_HIGH = 0.10
LOSS_LOW = 0.02
DELAY_HIGH_S = 0.25
GROW = 1.08
SHRINK = 0.85


@dataclass
class UplinkPolicy:
    """What the worker tells a publisher by REMB: a generous start, a clamped top.

    The stock estimator needs 16 s to reach 600 kbit/s; this one starts at the top and gives way
    to loss and to a queue that grows.
    """

    min_kbps: float
    max_kbps: float
    target_kbps: float = 0.0

    def __post_init__(self) -> None:
        self.target_kbps = self.max_kbps

    def update(
        self, *, loss: float, delay_s: float, received_kbps: float, subscriber_kbps: float | None
    ) -> float:
        """Kilobits per second to allow for the next second.

        `subscriber_kbps` is what the narrowest subscriber can take; it never pushes the picture
        below `min_kbps`, because the recording is worth more than one viewer's smoothness.
        """
        used = received_kbps or self.target_kbps
        if loss > LOSS_HIGH:
            self.target_kbps = min(self.target_kbps, used * 1.1) * (1 - 0.5 * loss)
        elif delay_s > DELAY_HIGH_S:
            self.target_kbps = min(self.target_kbps, used * 1.1) * SHRINK
        elif loss < LOSS_LOW:
            self.target_kbps = self.target_kbps * GROW + 10
        self.target_kbps = max(self.min_kbps, min(self.max_kbps, self.target_kbps))
        if subscriber_kbps is None:
            return self.target_kbps
        return max(self.min_kbps, min(self.target_kbps, subscriber_kbps))


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
