"""A circuit breaker: who does not answer is left alone for a while. One per process and address."""

import threading
import time
from collections.abc import Callable


class CircuitBreaker:
    """Opens after `failures` in a row; after `rest_s` one caller may try again. Thread-safe."""

    def __init__(
        self,
        *,
        failures: int = 5,
        rest_s: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures = failures
        self._rest_s = rest_s
        self._clock = clock
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._opens_again_at = 0.0

    def lets_through(self) -> bool:
        """Whether to ask now. While open, one probe per rest period."""
        with self._lock:
            if self._in_a_row < self._failures:
                return True
            now = self._clock()
            if now < self._opens_again_at:
                return False
            self._opens_again_at = now + self._rest_s
            return True

    def succeeded(self) -> bool:
        """Note an answer. True when this one closed an open circuit."""
        with self._lock:
            was_open = self._in_a_row >= self._failures
            self._in_a_row = 0
            return was_open

    def failed(self) -> None:
        with self._lock:
            self._in_a_row += 1
            if self._in_a_row >= self._failures:
                self._opens_again_at = self._clock() + self._rest_s

    def opens_again_in_s(self) -> float:
        with self._lock:
            return max(0.0, self._opens_again_at - self._clock())

    @property
    def is_open(self) -> bool:
        with self._lock:
            return self._in_a_row >= self._failures
