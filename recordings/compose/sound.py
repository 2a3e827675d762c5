"""All sides in one mono track, anchored to the call's clock, silence wherever nobody was heard."""

from collections.abc import Iterator

import numpy as np

from .sources import Samples


class Lane:
    """One participant's blocks, read forwards once."""

    def __init__(self, blocks: Iterator[tuple[int, Samples]]) -> None:
        self._blocks = blocks
        self._held = next(blocks, None)

    def add_to(self, mix: Samples, start: int) -> None:
        """Add what lies within [start, start + len(mix)); what is older than that is dropped."""
        end = start + len(mix)
        while self._held is not None and self._held[0] < end:
            position, samples = self._held
            skip = max(0, start - position)
            fitting = samples[skip : max(0, end - position)]
            if len(fitting):
                offset = position + skip - start
                mix[offset : offset + len(fitting)] += fitting
            if position + len(samples) > end:
                self._held = (end, samples[end - position :])
                return
            self._held = next(self._blocks, None)


class Mixer:
    def __init__(self, lanes: list[Lane], position: int = 0) -> None:
        self._lanes = lanes
        self.position = position

    def read(self, count: int) -> Samples:
        """The next `count` samples. Clipped, not normalised: a loud minute must not dim another."""
        mix = np.zeros(count, np.float32)
        for lane in self._lanes:
            lane.add_to(mix, self.position)
        self.position += count
        return np.clip(mix, -1.0, 1.0, out=mix)
