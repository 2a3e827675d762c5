"""What one socket, and one address without a name, may cost. Pure."""

import time
from collections.abc import Callable


class FrameBudget:
    """A bucket of `most` frames that fills again within `within_s` seconds."""

    def __init__(
        self, most: int, within_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._per_s = most / within_s
        self._clock = clock
        self._left = float(most)
        self._at = clock()

    def take(self) -> bool:
        """False when there is none left."""
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Pending:
    """Sockets per address that have not said hello yet."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._count: dict[str, int] = {}

    def take(self, address: str) -> bool:
        """False when the address has too many; then nothing was taken."""
        if self._count.get(address, 0) >= self._most:
            return False
        self._count[address] = self._count.get(address, 0) + 1
        return True

    def give_back(self, address: str) -> None:
        left = self._count.get(address, 0) - 1
        if left > 0:
            self._count[address] = left
        else:
            self._count.pop(address, None)
