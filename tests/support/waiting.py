"""Waiting for a fact with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
LOOK_EVERY_S = 0.1


def wait_for(fact: Callable[[], T | None], *, within_s: float, what: str) -> T:
    """The first true value of `fact`. Fails naming `what` when the time is over."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        value = fact()
        if value:
            return value
        time.sleep(LOOK_EVERY_S)
    raise AssertionError(f"{what}: not within {within_s} s")
