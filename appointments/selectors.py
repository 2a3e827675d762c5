"""Which times are free, which are taken. The same answer lists and books."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone

from parameters.selectors import value_of
from seats.models import Seat, WorkTime

from .models import Appointment
from .states import AppointmentState


@dataclass(frozen=True, slots=True)
class FreeSlot:
    seat_id: int
    staff_no: str
    start: dt.datetime
    end: dt.datetime


def slot_length() -> dt.timedelta:
    return dt.timedelta(minutes=value_of("slot_min"))


def _hours_of(seat: Seat, day: dt.date, rows: Iterable[WorkTime]) -> list[tuple[dt.time, dt.time]]:
    own = [row for row in rows if row.seat_id == seat.pk]
    dated = [row for row in own if row.date == day]
    chosen = dated or [row for row in own if row.weekday == day.weekday()]
    return [(row.start, row.end) for row in chosen]


def free_slots(
    *, first_day: dt.date, last_day: dt.date, seat_id: int | None = None
) -> list[FreeSlot]:
    """Bookable slots of enabled seats from `first_day` to `last_day` inclusive, in time order."""
    seats = Seat.objects.filter(enabled=True, rehearsal=False).select_related("user")
    if seat_id is not None:
        seats = seats.filter(pk=seat_id)
    seats_now = list(seats)
    rows = list(WorkTime.objects.filter(seat__in=seats_now))
    zone = timezone.get_current_timezone()
    taken: dict[int, list[tuple[dt.datetime, dt.datetime]]] = {}
    for booked in Appointment.objects.filter(seat__in=seats_now, state=AppointmentState.BOOKED):
        taken.setdefault(booked.seat_id, []).append(booked.bounds)
    length, now = slot_length(), timezone.now()
    free: list[FreeSlot] = []
    for seat in seats_now:
        day = first_day
        while day <= last_day:
            for start, end in _hours_of(seat, day, rows):
                at = dt.datetime.combine(day, start, zone)
                closing = dt.datetime.combine(day, end, zone)
                while at + length <= closing:
                    overlaps = any(
                        at < upper and lower < at + length
                        for lower, upper in taken.get(seat.pk, [])
                    )
                    if at > now and not overlaps:
                        free.append(FreeSlot(seat.pk, seat.staff_no, at, at + length))
                    at += length
            day += dt.timedelta(days=1)
    return sorted(free, key=lambda slot: (slot.start, slot.staff_no))


def current_appointment(task_id: UUID) -> Appointment | None:
    """The booked appointment, else the latest one of the task."""
    rows = Appointment.objects.filter(task_id=task_id).select_related("seat__user")
    return rows.filter(state=AppointmentState.BOOKED).first() or rows.order_by("-pk").first()


def is_within_slot(task_id: UUID, now: dt.datetime | None = None) -> bool:
    """APP-2: call-in only within the slot."""
    moment = now or timezone.now()
    return Appointment.objects.filter(
        task_id=task_id, state=AppointmentState.BOOKED, slot__contains=moment
    ).exists()


def todays_for_seat(seat_id: int) -> list[dict[str, Any]]:
    """Today's appointments of a seat for the workbench, in time order."""
    zone = timezone.get_current_timezone()
    start = dt.datetime.combine(timezone.localdate(), dt.time.min, zone)
    rows = (
        Appointment.objects.filter(
            seat_id=seat_id, slot__overlap=(start, start + dt.timedelta(days=1))
        )
        .exclude(state__in=[AppointmentState.MOVED, AppointmentState.CANCELLED])
        .select_related("task")
        .order_by("slot")
    )
    return [
        {
            "id": row.pk,
            "task_id": str(row.task_id),
            "customer_name": row.task.customer_name,
            "product_name": row.task.product_name,
            "start": timezone.localtime(row.slot.lower).strftime("%H:%M"),
            "end": timezone.localtime(row.slot.upper).strftime("%H:%M"),
            "state": row.state,
            "state_label": str(AppointmentState(row.state).label),
        }
        for row in rows
    ]
