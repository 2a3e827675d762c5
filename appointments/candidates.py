"""Which seats could take an appointment over, and why the others could not (SEAT-5)."""

from dataclasses import dataclass

from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from interviews.models import Call
from seats.models import Seat

from .models import Appointment
from .selectors import day_span, plans_of, taken_spans
from .states import AppointmentState
from .timetable import works_through


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
    span = appointment.bounds
    day = timezone.localdate(span[0])
    seats = list(
        Seat.objects.filter(enabled=True, rehearsal=False)
        .exclude(pk=appointment.seat_id)
        .select_related("user")
    )
    ids = [seat.pk for seat in seats]
    plans = plans_of(seats, first_day=day, last_day=timezone.localdate(span[1]))
    taken = taken_spans(ids, span)
    booked = dict(
        Appointment.objects.filter(
            seat__in=ids, state=AppointmentState.BOOKED, slot__overlap=day_span(day, day)
        )
        .values_list("seat_id")
        .annotate(count=Count("pk"))
    )
    knows = set(
        Call.objects.filter(
            task__contract_no=appointment.task.contract_no, seat__in=ids
        ).values_list("seat_id", flat=True)
    )
    zone = timezone.get_current_timezone()
    found: list[SeatOption] = []
    for seat in seats:
        plan = plans[seat.pk]
        in_the_way = [
            (lower, upper)
            for lower, upper in taken.get(seat.pk, ())
            if lower < span[1] and span[0] < upper
        ]
        why: str | Promise = ""
        if note := plan.off_note(day):
            why = note
        elif not works_through(plan, span, zone):
            why = _("未排班")
        elif in_the_way:
            lower, upper = (timezone.localtime(moment) for moment in in_the_way[0])
            why = _("{start}–{end} 已约").format(start=f"{lower:%H:%M}", end=f"{upper:%H:%M}")
        found.append(SeatOption(seat, not why, why, booked.get(seat.pk, 0), seat.pk in knows))
    return sorted(
        found,
        key=lambda c: (not c.free, not c.knows_case, c.booked_that_day, c.seat.staff_no),
    )
