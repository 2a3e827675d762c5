"""Flash against beep in a stored MP4. Tiles are found by their flashing, not by their place."""

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

BLOCK_S = 0.01


def _levels(path: Path, tone_hz: int) -> tuple[NDArray[np.float64], float]:
    """Strength of one tone in blocks of 10 ms."""
    blocks: list[NDArray[np.float32]] = []
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
        blocks.extend(
            frame.to_ndarray().astype(np.float32)[0] for frame in container.decode(audio=0)
        )
    sound = np.concatenate(blocks)
    size = round(rate * BLOCK_S)
    count = len(sound) // size
    table = sound[: count * size].reshape(count, size)
    phase = 2 * np.pi * tone_hz * np.arange(size) / rate
    return np.hypot(table @ np.cos(phase), table @ np.sin(phase)) / size, BLOCK_S


def _starts(values: NDArray[np.float64], step_s: float) -> list[float]:
    """When the signal rises over half of its range after at least 0.3 s below it."""
    on = values > (values.max() + values.min()) / 2
    quiet = round(0.3 / step_s)
    return [
        index * step_s
        for index in range(quiet, len(on))
        if on[index] and not on[index - quiet : index].any()
    ]


def skew_ms(path: Path, tone_hz: int) -> float | None:
    """The largest distance between a flash and its beep; None when there was none to compare.

    Both sides of a rehearsal flash with one clock, so the brightness of the whole lower half is
    looked at. One picture is the finest that can be seen of a flash.
    """
    levels, step_s = _levels(path, tone_hz)
    beeps = _starts(levels, step_s)
    times: list[float] = []
    bright: list[float] = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            luma = frame.to_ndarray(format="gray")
            times.append(float(frame.time or 0))
            bright.append(float(luma[luma.shape[0] // 2 :].mean()))
    if len(times) < 2 or not beeps:
        return None
    flashes = _starts(np.asarray(bright), times[1] - times[0])
    pairs = [min(abs(flash - beep) for beep in beeps) for flash in flashes]
    near = [distance for distance in pairs if distance < 0.5]
    return round(max(near) * 1000, 1) if near else None
