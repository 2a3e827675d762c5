"""A picture a machine can read back: a frame counter in cells and a flash bar.

Drawn in fractions of the picture, so that scaling does not matter: 18 cells from 5 % to 95 % of the
width - white, black, 3 bits of who it is, 12 bits of counter, even parity - at 30-42 % of the height;
the flash bar at 55-70 %. Labels burnt in at the top and the bottom do not touch either.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Gray = npt.NDArray[np.uint8]
CELLS = 18
COUNTER_BITS = 12
COUNTERS = 1 << COUNTER_BITS
FLASH_S = 0.2
PERIOD_S = 1.0


@dataclass(frozen=True, slots=True)
class Reading:
    who: int
    counter: int
    flash: bool


def is_flash(at_s: float) -> bool:
    """Flash and beep begin with every whole second of the call's clock."""
    return (at_s + 1e-9) % PERIOD_S < FLASH_S


def _bits(who: int, counter: int) -> list[bool]:
    body = [bool(who >> i & 1) for i in range(3)]
    body += [bool(counter >> i & 1) for i in range(COUNTER_BITS)]
    return [True, False, *body, sum(body) % 2 == 1]


def background(width: int, height: int, seed: int) -> Gray:
    """Soft blotches: something for the encoder to do."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(60, 150, (6, 8)).astype(np.uint8)
    rows = np.linspace(0, 5.99, height).astype(int)
    columns = np.linspace(0, 7.99, width).astype(int)
    return coarse[rows][:, columns]


def draw(ground: Gray, who: int, counter: int, flash: bool) -> Gray:
    """A copy of the ground with the marks and a block that moves with the counter."""
    picture = ground.copy()
    height, width = picture.shape
    top, bottom = round(height * 0.30), round(height * 0.42)
    for index, bit in enumerate(_bits(who & 7, counter % COUNTERS)):
        left, right = round(width * 0.05 * (index + 1)), round(width * 0.05 * (index + 2))
        picture[top:bottom, left:right] = 235 if bit else 16
    bar = slice(round(height * 0.55), round(height * 0.70))
    picture[bar, round(width * 0.1) : round(width * 0.9)] = 235 if flash else 16
    x = counter * 5 % max(1, width - width // 10)
    picture[round(height * 0.76) : round(height * 0.86), x : x + width // 10] = 190
    return picture


def read(picture: Gray) -> Reading | None:
    """The marks of a picture that fills the array; None when they are not there (a card)."""
    height, width = picture.shape
    rows = picture[round(height * 0.33) : round(height * 0.39)]
    levels = []
    for index in range(CELLS):
        left, right = width * 0.05 * (index + 1.25), width * 0.05 * (index + 1.75)
        levels.append(float(rows[:, round(left) : max(round(left) + 1, round(right))].mean()))
    if levels[0] < 180 or levels[1] > 70:
        return None
    bits = [level > 125 for level in levels]
    if any(70 < level < 180 for level in levels) or sum(bits[2:17]) % 2 != bits[17]:
        return None
    who = sum(bit << i for i, bit in enumerate(bits[2:5]))
    counter = sum(bit << i for i, bit in enumerate(bits[5:17]))
    bar = picture[round(height * 0.58) : round(height * 0.67), width // 4 : width * 3 // 4]
    return Reading(who, counter, bool(bar.mean() > 125))
