"""Hours, leave, holidays and slots decide what can be booked."""

import datetime as dt

import pytest
from django.utils import timezone

from accounts.models import Role, User
from appointments.selectors import free_slots
from seats import services
from seats.errors import HoursOverlap
from seats.models import Seat, WorkTime
from seats.selectors import seat_users
from tests.support.calendars import booked, free_tomorrow, tomorrow, working_seat
from tests.support.factories import SEAT_ACTOR, make_seat

pytestmark = pytest.mark.django_db
MORNING = (dt.time(9), dt.time(10, 20))


def starts(seat):
    return [f"{timezone.localtime(slot.start):%H:%M}" for slot in free_tomorrow(seat)]


def test_a_week_is_set_for_many_seats_and_replaces_what_was():
    one, two = working_seat(), make_seat()

    count = services.set_week(
        [one.pk, two.pk], {day: [MORNING] for day in range(7)}, actor=SEAT_ACTOR
    )

    assert count == 2
    assert starts(one) == starts(two) == ["09:00", "09:40"]
    services.set_week([one.pk], {}, actor=SEAT_ACTOR)
    assert starts(one) == []


def test_hours_that_overlap_are_refused_and_nothing_changes():
    seat = working_seat()
    before = list(WorkTime.objects.values_list("pk", flat=True))

    with pytest.raises(HoursOverlap):
        services.set_week([seat.pk], {0: [MORNING, (dt.time(10), dt.time(11))]}, actor=SEAT_ACTOR)

    assert list(WorkTime.objects.values_list("pk", flat=True)) == before


def test_hours_of_one_date_replace_the_weekdays_until_taken_back():
    seat = working_seat()
    whole_day = starts(seat)

    services.set_day_hours([seat.pk], [tomorrow()], [MORNING], actor=SEAT_ACTOR)
    assert starts(seat) == ["09:00", "09:40"]
    services.set_day_hours([seat.pk], [tomorrow()], [], actor=SEAT_ACTOR)

    assert starts(seat) == whole_day


def test_leave_and_holidays_close_the_day_and_keep_what_is_booked():
    seat, other = working_seat(), working_seat()
    appointment = booked(seat, free_tomorrow(seat)[0].start)
    days = {"first_day": tomorrow(), "last_day": tomorrow()}

    (leave,) = services.add_day_off([seat.pk], note="请假", actor=SEAT_ACTOR, **days)
    assert starts(seat) == []
    assert starts(other) != []
    services.add_day_off(None, note="元旦", actor=SEAT_ACTOR, **days)
    assert free_slots(first_day=tomorrow(), last_day=tomorrow()) == []
    services.remove_day_off(leave.pk, actor=SEAT_ACTOR)

    appointment.refresh_from_db()
    assert appointment.state == "BOOKED"


def test_a_seat_may_have_slots_of_its_own_length():
    seat = working_seat(9, 11)

    services.set_slot_grid([seat.pk], slot_min=30, gap_min=15, actor=SEAT_ACTOR)

    assert starts(seat) == ["09:00", "09:45", "10:30"]


def test_the_list_has_everybody_with_the_seat_role_once_and_enabling_makes_the_seat():
    role = Role.objects.create(code="seat", name="坐席", operations=["workbench.use"])
    second = Role.objects.create(code="lead", name="组长", operations=["workbench.use"])
    user = User.objects.create_user("800123", "test-password", name="林可欣")
    user.roles.set([role, second])
    User.objects.create_user("900123", "test-password", name="无关")
    make_seat(rehearsal=True)
    viewer = User.objects.create_superuser("M1", "test-password", name="主管")

    assert list(seat_users(viewer)) == [user]
    services.enable_user(user.pk, actor=SEAT_ACTOR)
    services.enable_user(user.pk, actor=SEAT_ACTOR)

    assert Seat.objects.get(user=user).enabled
