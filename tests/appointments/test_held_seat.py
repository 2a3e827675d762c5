"""A booked customer's seat is kept from before the slot to the end of its grace (DSP-2): the edges."""

import datetime as dt

import pytest
from django.utils import timezone

from appointments import services
from appointments.selectors import due_appointments
from parameters.selectors import value_of
from tests.support.factories import SEAT_ACTOR, make_seat, make_task

pytestmark = pytest.mark.django_db
TICK = dt.timedelta(microseconds=1)


def minutes(key):
    return dt.timedelta(minutes=value_of(key))


@pytest.fixture
def booked():
    start = timezone.now() - dt.timedelta(minutes=5)
    return services.book(
        make_task().pk, seat_id=make_seat().pk, start=start, minutes=30, actor=SEAT_ACTOR
    )


def at(moment):
    """(the call goes to this seat, the seat is kept for it); None when it is not due at all."""
    return next(((due.open, due.held) for due in due_appointments(moment)), None)


def kept(moment):
    found = at(moment)
    return found is not None and found[1]


def test_the_seat_is_kept_from_before_the_slot_and_not_a_tick_earlier(booked):
    first = booked.bounds[0] - minutes("hold_before_min")

    assert not kept(first - TICK)
    assert at(first) == (False, True)
    assert at(booked.bounds[0] - TICK) == (False, True)
    assert at(booked.bounds[0]) == (True, True)


def test_who_has_not_come_loses_the_seat_after_the_late_time_but_may_call_until_the_end(booked):
    start, end = booked.bounds
    late = min(end, start + minutes("late_hold_min"))

    assert at(late - TICK) == (True, True)
    assert not kept(late)
    assert at(end - TICK)[0] is True
    assert not (at(end) or (False, False))[0]


def test_who_has_come_keeps_it_to_the_last_tick_of_the_grace(booked):
    booked.arrived_at = booked.bounds[0]
    booked.save()
    until = booked.bounds[1] + minutes("arrived_grace_min")

    assert at(booked.bounds[1]) == (True, True)
    assert at(until - TICK) == (True, True)
    assert not kept(until)
    assert not (at(until) or (False, False))[0]


def test_a_cancelled_one_keeps_nothing(booked):
    services.cancel(booked.task_id, actor=SEAT_ACTOR)

    assert at(booked.bounds[0]) is None
