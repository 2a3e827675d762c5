"""Is there something to be seen? A look every few seconds at what a camera sent. Pure, no Django.

Thresholds are for 8-bit luma as video codes it, 16 (black) to 235 (white). They were set on drawn
heads with the grain of a cheap camera; what they find is a reason to look, never a judgement.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

EVERY_MS = 5000
FLOOR_LINES = 480  # of the shorter side: the least that is recorded (STO-3)
DARK_BELOW = 40.0  # mean luma: a face in a room without a lamp
# The strongest edges per contrast: out of focus there is contrast without edges. Grain is weak
# everywhere, edges are strong in few places: the 99.5th percentile sees the edges.
BLURRED_BELOW = 1.0
FROZEN_BELOW = 0.25  # mean difference to the look before: less than a camera's own grain
POOR_SHARE = 0.2  # from this share of the looks on a file is shown as poor
FEWEST = 3  # looks; fewer say nothing
FAULTS = ("dark", "blurred", "frozen", "low")


def luma_of(frame: Any) -> npt.NDArray[np.float32]:
    """The picture's brightness, at most about 320 wide: sharper than that nobody has to be."""
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    luma = rows[:, : plane.width].astype(np.float32)
    by = max(1, plane.width // 320)
    if by == 1:
        return luma
    height, width = luma.shape[0] // by * by, luma.shape[1] // by * by
    blocks = luma[:height, :width].reshape(height // by, by, width // by, by)
    small: npt.NDArray[np.float32] = blocks.mean(axis=(1, 3))
    return small


def sharpness(luma: npt.NDArray[np.float32]) -> float:
    """Second differences of the sharpest half percent, in units of the picture's contrast."""
    inner = luma[1:-1, 1:-1]
    edges = 4 * inner - luma[:-2, 1:-1] - luma[2:, 1:-1] - luma[1:-1, :-2] - luma[1:-1, 2:]
    return float(np.percentile(np.abs(edges), 99.5) / (luma.std() + 1.0))


@dataclass(slots=True)
class Looks:
    """What the looks at one file found so far."""

    count: int = 0
    dark: int = 0
    blurred: int = 0
    frozen: int = 0
    low: int = 0
    brightness: float = 0.0
    _before: npt.NDArray[np.float32] | None = field(default=None, repr=False)

    def look(self, luma: npt.NDArray[np.float32], lines: int = FLOOR_LINES) -> None:
        """`lines` is the shorter side of the picture as it was sent."""
        self.low += lines < FLOOR_LINES
        mean = float(luma.mean())
        self.count += 1
        self.brightness += mean
        if mean < DARK_BELOW:
            self.dark += 1
        elif sharpness(luma) < BLURRED_BELOW:
            self.blurred += 1  # in the dark there is nothing to be sharp
        before = self._before
        if before is not None and before.shape == luma.shape:
            self.frozen += float(np.abs(luma - before).mean()) < FROZEN_BELOW
        self._before = luma

    def as_json(self) -> dict[str, int]:
        """{looks, dark, blurred, frozen, low, brightness}: how many of the looks, and mean luma."""
        if not self.count:
            return {}
        return {
            "looks": self.count,
            "dark": self.dark,
            "blurred": self.blurred,
            "frozen": self.frozen,
            "low": self.low,
            "brightness": round(self.brightness / self.count),
        }


def faults_of(found: dict[str, int]) -> dict[str, float]:
    """Share 0-1 by fault (`dark`, `blurred`, `frozen`, `low`) of those that are too many."""
    looks = found.get("looks", 0)
    if looks < FEWEST:
        return {}
    shares = {fault: found.get(fault, 0) / looks for fault in FAULTS}
    return {fault: share for fault, share in shares.items() if share >= POOR_SHARE}
