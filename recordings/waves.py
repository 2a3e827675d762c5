"""How loud it was, for the lanes of the player's timeline. Pure, no Django."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

STEP_MS = 200
LOUDEST = 9  # a peak is a digit: 0 is nothing, each step about 6 dB
LONGEST = 24 * 3600 * 1000 // STEP_MS
MOST = 600  # of a lane: more than a screen shows


def level_of(frame: Any) -> int:
    samples = frame.to_ndarray()
    peak = float(np.abs(samples.astype(np.float32)).max(initial=0.0))
    if samples.dtype.kind == "i":
        peak /= np.iinfo(samples.dtype).max
    return 0 if peak <= 0 else max(0, min(LOUDEST, round(LOUDEST + float(np.log2(peak)))))


def put(levels: list[int], at_ms: float, level: int) -> None:
    """Note the peak at a moment of the file; a moment that cannot be is a damaged file's."""
    place = max(0, int(at_ms // STEP_MS))  # Opus begins a little before zero
    if place > LONGEST:
        return
    levels.extend([0] * (place + 1 - len(levels)))
    levels[place] = max(levels[place], level)


def as_text(levels: Iterable[int]) -> str:
    return "".join(map(str, levels))


def lane(parts: Iterable[tuple[int, str]], duration_ms: int) -> str:
    """One person's files (where each starts, its digits) along the whole call, at most MOST digits."""
    if duration_ms <= 0:
        return ""
    width = min(MOST, max(1, duration_ms // STEP_MS))
    found = [0] * width
    for start_ms, digits in parts:
        for place, digit in enumerate(digits):
            at = (start_ms + place * STEP_MS) * width // duration_ms
            if 0 <= at < width:
                found[at] = max(found[at], int(digit))
    return as_text(found) if any(found) else ""


def lanes(parts: Sequence[tuple[str, int, str]], duration_ms: int) -> dict[str, str]:
    """By participant, of (participant, start, digits)."""
    people = {who for who, _start, _digits in parts}
    drawn = {
        who: lane([(start, digits) for each, start, digits in parts if each == who], duration_ms)
        for who in people
    }
    return {who: digits for who, digits in drawn.items() if digits}
