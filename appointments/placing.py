"""Who can take over which appointment (SEAT-5). Pure: the same answer previews and applies."""

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Span = tuple[dt.datetime, dt.datetime]


@dataclass(frozen=True, slots=True)
class Wanted:
    """An appointment to be placed, and the seats free in its slot as the calendar stands."""

    appointment_id: int
    span: Span
    free_seats: tuple[int, ...]


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def place(
    wanted: Sequence[Wanted], *, seed: str, chosen: Mapping[int, int] | None = None
) -> dict[int, int]:
    """Appointment -> seat, for those that can be placed; nobody twice at once.

    Those `chosen` by hand come first, where the choice is free; the rest at random. A random choice
    gives way when another appointment could not be placed otherwise. The same seed, the same answer.
    """
    dice = random.Random(seed)  # noqa: S311 - spreads work, hides nothing
    by_id = {item.appointment_id: item for item in wanted}
    placed: dict[int, int] = {}
    fixed: set[int] = set()
    for appointment_id, seat_id in (chosen or {}).items():
        item = by_id.get(appointment_id)
        if (
            item is not None
            and seat_id in item.free_seats
            and not _in_the_way(item, seat_id, placed, by_id)
        ):
            placed[appointment_id] = seat_id
            fixed.add(appointment_id)
    order = [item for item in wanted if item.appointment_id not in (chosen or {})]
    dice.shuffle(order)
    for item in order:
        _seat_it(item, placed, fixed, by_id, dice, visited=set())
    return placed


def _in_the_way(
    item: Wanted, seat_id: int, placed: Mapping[int, int], by_id: Mapping[int, Wanted]
) -> list[int]:
    return [
        other
        for other, seat in placed.items()
        if seat == seat_id and _overlap(item.span, by_id[other].span)
    ]


def _seat_it(
    item: Wanted,
    placed: dict[int, int],
    fixed: set[int],
    by_id: Mapping[int, Wanted],
    dice: random.Random,
    visited: set[int],
) -> bool:
    """Find a seat, moving at most one placed appointment aside at a time (augmenting path)."""
    seats = [seat for seat in item.free_seats if seat not in visited]
    dice.shuffle(seats)
    seats.sort(key=lambda seat: bool(_in_the_way(item, seat, placed, by_id)))
    for seat in seats:
        if seat in visited:
            continue
        visited.add(seat)
        blockers = _in_the_way(item, seat, placed, by_id)
        if not blockers:
            placed[item.appointment_id] = seat
            return True
        if len(blockers) > 1 or blockers[0] in fixed:
            continue
        blocker = by_id[blockers[0]]
        del placed[blocker.appointment_id]
        placed[item.appointment_id] = seat
        if _seat_it(blocker, placed, fixed, by_id, dice, visited):
            return True
        placed[blocker.appointment_id] = seat
        del placed[item.appointment_id]
    return False
