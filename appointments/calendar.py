"""One seat's weeks as the supervisor sees them: booked, free, off (SEAT-1, SEAT-4)."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Min, Q
from django.utils import timezone

from accounts.models import User
from seats.models import Seat
from seats.states import SIGNED_IN, Presence

from .candidates import open_appointments
from .models import Appointment, SlotHold
from .selectors import day_span, days_between, plans_of
from .states import AppointmentState
from .timetable import slots_of_day

WEEKS = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """A slot of a day; without an appointment, or somebody who is booking it until `held`, it is free."""

    start: dt.datetime
    end: dt.datetime
    appointment: Appointment | None = None
    over: bool = False
    held: dt.datetime | None = None


@dataclass(slots=True)
class Day:
    date: dt.date
    off_note: str
    cells: list[Cell] = field(default_factory=list)
    today: bool = False

    @property
    def booked(self) -> int:
        return sum(cell.appointment is not None for cell in self.cells)


@dataclass(frozen=True, slots=True)
class RosterRow:
    user: User
    seat: Seat | None
    state: str
    state_label: str
    reason: str
    since: dt.datetime | None
    signed_in: bool
    leaves_after: bool
    today: int
    open: int
    next_at: dt.datetime | None


def weeks_of(seat: Seat, monday: dt.date) -> list[Day]:
    """Five weeks from `monday`; what is booked off the grid stands in its place too."""
    last = monday + dt.timedelta(days=7 * WEEKS - 1)
    plan = plans_of([seat], first_day=monday, last_day=last)[seat.pk]
    zone, now, today = timezone.get_current_timezone(), timezone.now(), timezone.localdate()
    rows = (
        Appointment.objects.filter(seat=seat, slot__overlap=day_span(monday, last))
        .exclude(state__in=[AppointmentState.MOVED, AppointmentState.CANCELLED])
        .select_related("task")
        .order_by("slot")
    )
    by_day: dict[dt.date, list[Appointment]] = {}
    for row in rows:
        by_day.setdefault(timezone.localdate(row.bounds[0]), []).append(row)
    holds: dict[dt.date, list[SlotHold]] = {}
    for hold in SlotHold.objects.filter(
        seat=seat, expires_at__gt=now, slot__overlap=day_span(monday, last)
    ):
        holds.setdefault(timezone.localdate(hold.bounds[0]), []).append(hold)
    days: list[Day] = []
    for date in days_between(monday, last):
        mine, held = by_day.get(date, []), holds.get(date, [])
        cells = [
            Cell(*row.bounds, row, row.state != AppointmentState.BOOKED or row.bounds[1] <= now)
            for row in mine
        ]
        cells += [Cell(*hold.bounds, held=hold.expires_at) for hold in held]
        taken = [*(row.bounds for row in mine), *(hold.bounds for hold in held)]
        cells += [
            Cell(start, end, None, start <= now)
            for start, end, free in slots_of_day(plan, date, zone, taken)
            if free
        ]
        cells.sort(key=lambda cell: cell.start)
        days.append(Day(date, plan.off_note(date), cells, date == today))
    return days


def roster(users: Collection[User]) -> list[RosterRow]:
    """These users with the seat role (seat and presence selected), with state, load and next appointment."""
    today = day_span(timezone.localdate(), timezone.localdate())
    booked = {
        row["seat"]: row
        for row in open_appointments()
        .filter(seat__user__in=[user.pk for user in users])
        .order_by()
        .values("seat")
        .annotate(
            open=Count("pk"),
            today=Count("pk", filter=Q(slot__startswith__lt=today[1])),
            next_at=Min("slot__startswith"),
        )
    }
    found: list[RosterRow] = []
    for user in users:
        seat = getattr(user, "seat", None)
        presence = getattr(seat, "presence", None)
        state = Presence(presence.state) if presence else Presence.SIGNED_OUT
        mine: Mapping[str, Any] = booked.get(seat.pk, {}) if seat else {}
        found.append(
            RosterRow(
                user=user,
                seat=seat,
                state=state.value,
                state_label=str(state.label),
                reason=presence.reason if presence else "",
                since=presence.since if presence else None,
                signed_in=state in SIGNED_IN,
                leaves_after=bool(presence and presence.sign_out_after),
                today=mine.get("today", 0),
                open=mine.get("open", 0),
                next_at=mine.get("next_at"),
            )
        )
    return found
