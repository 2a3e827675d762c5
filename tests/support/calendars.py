"""Seats that work and times that are free."""

import datetime as dt

from django.utils import timezone

from appointments import services
from appointments.models import Appointment
from appointments.selectors import FreeSlot, free_slots
from interviews.models import InterviewTask
from seats.models import Seat, WorkTime
from tests.support.factories import SEAT_ACTOR, make_seat, make_task


def tomorrow() -> dt.date:
    return timezone.localdate() + dt.timedelta(days=1)


def working_seat(start: int = 9, end: int = 12) -> Seat:
    """A seat that works these hours every day."""
    seat = make_seat()
    WorkTime.objects.bulk_create(
        WorkTime(seat=seat, weekday=day, start=dt.time(start), end=dt.time(end)) for day in range(7)
    )
    return seat


def free_tomorrow(seat: Seat, holder: str = "") -> list[FreeSlot]:
    return free_slots(first_day=tomorrow(), last_day=tomorrow(), seat_id=seat.pk, holder=holder)


def booked(seat: Seat, start: dt.datetime, task: InterviewTask | None = None) -> Appointment:
    return services.book((task or make_task()).pk, seat_id=seat.pk, start=start, actor=SEAT_ACTOR)
