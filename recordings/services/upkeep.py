"""The round that is made every quarter of an hour: dates, deletions, the archive tier, room."""

import time
from collections.abc import Callable
from functools import partial

from .archive import index_old
from .counting import count_store
from .early import drop_unused_parts
from .keeping import set_keeping, spread_rules, tell_dates
from .retention import delete_expired, note_broken_deletions, tell_holds
from .rounds import Visit
from .sharing import remove_ended_shares
from .spool import free_spool, remove_freed_leftovers
from .tickets import forget_old_tickets
from .tiers import move_cold, remove_first_copies

KEEP_FOR_S = 600.0  # of a round; the next one begins after 900
OLD_ROWS = 500  # `manage.py index_recordings` does all


def keep() -> None:
    """Every step has its turn, whatever became of the one before.

    Those that may have much to do share the time: what one leaves over is for those behind it.
    Raises ExceptionGroup, at the end, of what broke.
    """
    until = time.monotonic() + KEEP_FOR_S
    long = [
        *(spread_rules, set_keeping, tell_dates, tell_holds, delete_expired),
        *(move_cold, remove_first_copies, drop_unused_parts, free_spool),
    ]
    broken: list[Exception] = []
    for number, step in enumerate(long):
        share = (until - time.monotonic()) / (len(long) - number)
        _try(partial(step, Visit(share)), broken)
    for short in (
        note_broken_deletions,
        remove_freed_leftovers,
        forget_old_tickets,
        partial(index_old, OLD_ROWS),
        remove_ended_shares,
        count_store,
    ):
        _try(short, broken)
    if broken:
        raise ExceptionGroup("steps of the round broke", broken)


def _try(step: Callable[[], object], broken: list[Exception]) -> None:
    try:
        step()
    except Exception as error:  # noqa: BLE001 - raised when the others have had their turn
        broken.append(error)
