"""Rounds along a queue of rows: as many as there is time for, and none stops those behind it."""

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import Q, QuerySet

from recordings.storage import ChecksumMismatch

logger = logging.getLogger(__name__)
BATCH = 500
ROUND_S = 60.0


class Visit:
    """How long a round may take, by a clock in seconds. The row one is at is always ended."""

    def __init__(
        self, seconds: float = ROUND_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._until = clock() + seconds

    @property
    def is_over(self) -> bool:
        return self._clock() >= self._until


def along(
    rows: QuerySet[Any],
    act: Callable[[Any], bool],
    visit: Visit | None = None,
    *,
    order: str = "pk",
) -> int:
    """`act` on the key of every row once, by a field that is never null. Returns how often it was True.

    One that fails is logged and left for the next round, in which it takes no place from others
    either: rows are asked for behind the last one, whatever became of that.
    """
    visit = visit or Visit()
    done = 0
    for key in _in_turn(rows, order):
        if visit.is_over:
            break
        done += _tried(act, key)
    return done


def _in_turn(rows: QuerySet[Any], order: str) -> Iterator[Any]:
    name, side = order.lstrip("-"), "lt" if order.startswith("-") else "gt"
    rest = rows = rows.order_by(order, "pk")
    while True:
        batch = list(rest.values_list("pk", name)[:BATCH])
        for key, _at in batch:
            yield key
        if len(batch) < BATCH:
            return
        key, at = batch[-1]
        rest = rows.filter(Q(**{f"{name}__{side}": at}) | Q(**{name: at, "pk__gt": key}))


def _tried(act: Callable[[Any], bool], key: Any) -> bool:
    try:
        return act(key)
    except (ChecksumMismatch, OSError) as failure:
        logger.warning("%s: %s left: %s", act.__name__, key, type(failure).__name__)
    except Exception:  # a supervisor loop: one row nobody reckoned with stops no other
        logger.exception("%s: %s broke", act.__name__, key)
    return False
