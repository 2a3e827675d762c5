"""Work time of one seat or of many (SEAT-3). What is booked stays booked."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from django.db import transaction

from audit import services as audit
from common.actor import Actor
from seats.errors import HoursOverlap
from seats.models import DayOff, Seat, WorkTime

Hours = tuple[dt.time, dt.time]


@dataclass(frozen=True, slots=True)
class WorkTimeChange:
    """What is set in one go: only the named parts, "week", "day", "off", "grid" and "cases", are.

    `removed` are days off taken back; `everyone` makes the new days off a holiday of all seats.
    """

    parts: frozenset[str]
    week: Mapping[int, Collection[Hours]] = field(default_factory=dict)
    days: tuple[dt.date, ...] = ()
    day_hours: tuple[Hours, ...] = ()
    off_first: dt.date = dt.date.min
    off_last: dt.date = dt.date.min
    off_note: str = ""
    everyone: bool = False
    slot_min: int | None = None
    gap_min: int | None = None
    daily_cases: int | None = None
    removed: tuple[int, ...] = ()


def require_apart(hours: Collection[Hours]) -> None:
    """Raises HoursOverlap when two of a day's hours overlap or one ends before it begins."""
    ordered = sorted(hours)
    if any(end <= start for start, end in ordered) or any(
        later[0] < earlier[1] for earlier, later in pairwise(ordered)
    ):
        raise HoursOverlap


def lock_seats(seat_ids: Collection[int]) -> list[Seat]:
    """Several seats at once, always in the same order."""
    return list(
        Seat.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=seat_ids)
        .order_by("pk")
    )


def _note(action: str, seats: Collection[Seat], actor: Actor, **facts: Any) -> None:
    for seat in seats:
        audit.record(action, actor=actor, object_type="seat", object_id=seat.pk, **facts)


def _text(hours: Collection[Hours]) -> str:
    return ", ".join(f"{start:%H:%M}-{end:%H:%M}" for start, end in sorted(hours))


@transaction.atomic
def set_week(
    seat_ids: Collection[int], week: Mapping[int, Collection[Hours]], *, actor: Actor
) -> int:
    """Replace the weekly hours of these seats; a weekday not named (0 = Monday) is free.

    Raises HoursOverlap; nothing changes then. How many seats were set.
    """
    for hours in week.values():
        require_apart(hours)
    seats = lock_seats(seat_ids)
    WorkTime.objects.filter(seat__in=seats, date=None).delete()
    WorkTime.objects.bulk_create(
        WorkTime(seat=seat, weekday=day, start=start, end=end)
        for seat in seats
        for day, hours in week.items()
        for start, end in hours
    )
    text = "; ".join(f"{day}: {_text(hours)}" for day, hours in sorted(week.items()) if hours)
    _note("seat.week_set", seats, actor, week=text)
    return len(seats)


@transaction.atomic
def set_day_hours(
    seat_ids: Collection[int],
    days: Collection[dt.date],
    hours: Collection[Hours],
    *,
    actor: Actor,
) -> int:
    """Hours of single dates, which then replace the weekday's; none at all: the weekday again."""
    require_apart(hours)
    seats = lock_seats(seat_ids)
    WorkTime.objects.filter(seat__in=seats, date__in=days).delete()
    WorkTime.objects.bulk_create(
        WorkTime(seat=seat, date=day, start=start, end=end)
        for seat in seats
        for day in days
        for start, end in hours
    )
    dates = ", ".join(day.isoformat() for day in sorted(days))
    _note("seat.day_set", seats, actor, days=dates, hours=_text(hours))
    return len(seats)


@transaction.atomic
def add_day_off(
    seat_ids: Collection[int] | None,
    *,
    first_day: dt.date,
    last_day: dt.date,
    note: str,
    actor: Actor,
) -> list[DayOff]:
    """Leave of these seats, or with None a holiday of everybody. Appointments in it stay booked."""
    rows: list[DayOff] = []
    seats = [None] if seat_ids is None else lock_seats(seat_ids)
    for seat in seats:
        row, created = DayOff.objects.get_or_create(
            seat=seat, first_day=first_day, last_day=last_day, defaults={"note": note[:20]}
        )
        rows.append(row)
        if created:
            audit.record(
                "seat.day_off_added",
                actor=actor,
                object_type="seat",
                object_id=seat.pk if seat else "",
                first_day=first_day.isoformat(),
                last_day=last_day.isoformat(),
                note=row.note,
            )
    return rows


@transaction.atomic
def remove_day_off(day_off_id: int, *, actor: Actor) -> None:
    """Gone is gone; removing it twice is removing it once."""
    row = DayOff.objects.select_for_update().filter(pk=day_off_id).first()
    if row is None:
        return
    audit.record(
        "seat.day_off_removed",
        actor=actor,
        object_type="seat",
        object_id=row.seat_id or "",
        first_day=row.first_day.isoformat(),
        last_day=row.last_day.isoformat(),
    )
    row.delete()


@transaction.atomic
def set_slot_grid(
    seat_ids: Collection[int], *, slot_min: int | None, gap_min: int | None, actor: Actor
) -> int:
    """Length of a slot and pause after it; None takes the parameter's."""
    seats = lock_seats(seat_ids)
    Seat.objects.filter(pk__in=[seat.pk for seat in seats]).update(
        slot_min=slot_min, gap_min=gap_min
    )
    _note("seat.grid_set", seats, actor, slot_min=slot_min or "", gap_min=gap_min)
    return len(seats)


@transaction.atomic
def set_daily_cases(seat_ids: Collection[int], *, cases: int | None, actor: Actor) -> int:
    """每日案件处理能力, in cases a day, which the dispatch rules weigh; None is no limit."""
    seats = lock_seats(seat_ids)
    Seat.objects.filter(pk__in=[seat.pk for seat in seats]).update(daily_cases=cases)
    _note("seat.capacity_set", seats, actor, daily_cases=cases)
    return len(seats)


@transaction.atomic
def change_work_time(seat_ids: Collection[int], change: WorkTimeChange, *, actor: Actor) -> None:
    """Every named part for all these seats, or nothing at all (SEAT-3). Raises HoursOverlap."""
    lock_seats(seat_ids)
    for day_off in change.removed:
        remove_day_off(day_off, actor=actor)
    if "week" in change.parts:
        set_week(seat_ids, change.week, actor=actor)
    if "day" in change.parts:
        set_day_hours(seat_ids, change.days, change.day_hours, actor=actor)
    if "off" in change.parts:
        add_day_off(
            None if change.everyone else seat_ids,
            first_day=change.off_first,
            last_day=change.off_last,
            note=change.off_note,
            actor=actor,
        )
    if "grid" in change.parts:
        set_slot_grid(seat_ids, slot_min=change.slot_min, gap_min=change.gap_min, actor=actor)
    if "cases" in change.parts:
        set_daily_cases(seat_ids, cases=change.daily_cases, actor=actor)
