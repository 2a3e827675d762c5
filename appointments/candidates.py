"""Which seats could take an appointment over, and why the others could not (SEAT-5)."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from interviews.models import Call
from seats.models import Seat

from .models import Appointment
from .selectors import day_span, plans_of, taken_spans
from .states import AppointmentState
from .timetable import Plan, Span, works_through


@dataclass(frozen=True, slots=True)
class SeatOption:
    """A seat beside the one that has the appointment; `why` says what stands against it."""

    seat: Seat
    free: bool
    why: str | Promise
    booked_that_day: int
    knows_case: bool


def open_appointments() -> QuerySet[Appointment]:
    """未完成预约: booked and not over, in time order."""
    return (
        Appointment.objects.filter(state=AppointmentState.BOOKED, slot__endswith__gt=timezone.now())
        .select_related("task", "seat__user")
        .order_by("slot", "pk")
    )


def candidates_for(appointment: Appointment) -> list[SeatOption]:
    """All other enabled seats: the free ones first, the least booked of the day before others."""
    return candidates_of([appointment])[appointment.pk]


def candidates_of(appointments: Collection[Appointment]) -> dict[int, list[SeatOption]]:
    """`candidates_for` each of these (task selected), in a fixed number of queries."""
    if not appointments:
        return {}
    spans = [row.bounds for row in appointments]
    days = {timezone.localdate(start) for start, _end in spans}
    seats = list(Seat.objects.filter(enabled=True, rehearsal=False).select_related("user"))
    ids = [seat.pk for seat in seats]
    last_day = max(timezone.localdate(end) for _start, end in spans)
    plans = plans_of(seats, first_day=min(days), last_day=last_day)
    taken = taken_spans(ids, *spans)
    booked = _booked(ids, days)
    knows = set(
        Call.objects.filter(
            task__contract_no__in={row.task.contract_no for row in appointments}, seat__in=ids
        ).values_list("task__contract_no", "seat_id")
    )
    found: dict[int, list[SeatOption]] = {}
    for row in appointments:
        span, day = row.bounds, timezone.localdate(row.bounds[0])
        options = []
        for seat in seats:
            if seat.pk == row.seat_id:
                continue
            why = _why_not(plans[seat.pk], taken.get(seat.pk, ()), span, day)
            knows_case = (row.task.contract_no, seat.pk) in knows
            options.append(
                SeatOption(seat, not why, why, booked.get((seat.pk, day), 0), knows_case)
            )
        options.sort(
            key=lambda c: (not c.free, not c.knows_case, c.booked_that_day, c.seat.staff_no)
        )
        found[row.pk] = options
    return found


def _booked(seat_ids: Collection[int], days: Collection[dt.date]) -> dict[tuple[int, dt.date], int]:
    """How many appointments each seat has on each of these days."""
    rows = (
        Appointment.objects.filter(
            seat__in=seat_ids,
            state=AppointmentState.BOOKED,
            slot__overlap=day_span(min(days), max(days)),
        )
        .order_by()
        .annotate(day=TruncDate("slot__startswith"))
        .values_list("seat_id", "day")
        .annotate(count=Count("pk"))
    )
    return {(seat_id, day): count for seat_id, day, count in rows}


def _why_not(plan: Plan, taken: Sequence[Span], span: Span, day: dt.date) -> str | Promise:
    """What stands against this time; empty when the seat is free."""
    if note := plan.off_note(day):
        return note
    if not works_through(plan, span, timezone.get_current_timezone()):
        return _("未排班")
    for lower, upper in taken:
        if lower < span[1] and span[0] < upper:
            start, end = timezone.localtime(lower), timezone.localtime(upper)
            return _("{start}–{end} 已约").format(start=f"{start:%H:%M}", end=f"{end:%H:%M}")
    return ""
