"""Appointments change the seat, not the time; a seat with appointments stays enabled."""

import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appointments import services
from appointments.candidates import candidates_for
from appointments.errors import SlotTaken
from appointments.models import Appointment
from audit.models import AuditEntry
from interviews.models import InterviewTask
from seats import services as seats
from seats.errors import SeatHasAppointments
from seats.models import Seat
from tests.support.calendars import booked, free_tomorrow, tomorrow, working_seat
from tests.support.factories import SEAT_ACTOR, make_call, make_task

pytestmark = pytest.mark.django_db


def plan(*appointments, **how):
    return services.plan_reassignment([a.pk for a in appointments], seed="1", **how)


def test_a_preview_changes_nothing_and_names_a_free_seat():
    seat, other = working_seat(), working_seat()
    appointment = booked(seat, free_tomorrow(seat)[0].start)

    (row,) = plan(appointment)

    assert row.seat == other
    appointment.refresh_from_db()
    assert appointment.seat == seat


def test_applying_moves_the_seat_and_keeps_the_time_and_the_number_of_moves():
    seat, other = working_seat(), working_seat()
    task = make_task()
    appointment = booked(seat, free_tomorrow(seat)[0].start, task)
    slot = appointment.slot

    (row,) = services.reassign({appointment.pk: other.pk}, actor=SEAT_ACTOR)

    appointment.refresh_from_db()
    assert row.seat == other
    assert (appointment.seat, appointment.slot) == (other, slot)
    assert InterviewTask.objects.get(pk=task.pk).seat_staff_no == other.staff_no
    assert Appointment.objects.count() == 1
    assert AuditEntry.objects.filter(action="appointment.reassigned").count() == 1


def test_where_nobody_is_free_the_seat_stays_with_reason_and_next_step():
    seat, busy = working_seat(), working_seat()
    start = free_tomorrow(seat)[0].start
    appointment = booked(seat, start)
    booked(busy, start)

    (row,) = plan(appointment)

    assert row.seat is None
    assert row.reason == "该时段 1 位坐席均已约或未排班。"
    assert "原银在线改约" in str(row.next_step)


def test_a_preview_of_many_asks_the_database_as_often_as_one_of_two():
    seat, _other = working_seat(), working_seat()
    rows = [booked(seat, slot.start) for slot in free_tomorrow(seat)[:6]]

    with CaptureQueriesContext(connection) as of_two:
        plan(*rows[:2])
    with CaptureQueriesContext(connection) as of_six:
        placed = plan(*rows)

    assert [row.appointment for row in placed] == rows
    assert all(row.seat for row in placed)
    assert len(of_six) == len(of_two)


def test_what_was_taken_since_the_preview_is_said_and_the_rest_is_done():
    seat, other = working_seat(), working_seat()
    first, second = (booked(seat, slot.start) for slot in free_tomorrow(seat)[:2])
    booked(other, first.bounds[0])

    done = services.reassign({first.pk: other.pk, second.pk: other.pk}, actor=SEAT_ACTOR)

    assert [row.seat for row in done] == [None, other]
    assert "已约" in str(done[0].reason)
    first.refresh_from_db()
    assert first.seat == seat


@pytest.mark.parametrize("obstacle", ["leave", "disabled", "other hours"])
def test_only_enabled_seats_at_work_are_free(obstacle):
    seat, other = (
        working_seat(),
        working_seat(13, 18) if obstacle == "other hours" else working_seat(),
    )
    appointment = booked(seat, free_tomorrow(seat)[0].start)
    if obstacle == "leave":
        seats.add_day_off(
            [other.pk], first_day=tomorrow(), last_day=tomorrow(), note="请假", actor=SEAT_ACTOR
        )
    if obstacle == "disabled":
        services.disable_seat(other.pk, actor=SEAT_ACTOR)

    assert [option.seat for option in candidates_for(appointment) if option.free] == []
    assert services.reassign({appointment.pk: other.pk}, actor=SEAT_ACTOR)[0].seat is None


def test_a_case_in_a_call_is_not_moved():
    seat, other, task = working_seat(0, 23), working_seat(0, 23), make_task()
    now = timezone.now()
    appointment = services.book(task.pk, seat_id=seat.pk, start=now, minutes=20, actor=SEAT_ACTOR)
    make_call(task, seat)

    (row,) = services.reassign({appointment.pk: other.pk}, actor=SEAT_ACTOR)

    assert row.seat is None
    assert "正在通话" in str(row.reason)


def test_a_seat_with_open_appointments_is_not_disabled_until_they_are_moved():
    seat, other = working_seat(), working_seat()
    appointment = booked(seat, free_tomorrow(seat)[0].start)

    with pytest.raises(SeatHasAppointments) as refusal:
        services.disable_seat(seat.pk, actor=SEAT_ACTOR)
    assert refusal.value.facts == {"count": 1}
    assert Seat.objects.get(pk=seat.pk).enabled

    services.reassign({appointment.pk: other.pk}, actor=SEAT_ACTOR)
    services.disable_seat(seat.pk, actor=SEAT_ACTOR)
    assert not Seat.objects.get(pk=seat.pk).enabled


def run_together(*acts):
    barrier, bugs = threading.Barrier(len(acts)), []

    def run(act):
        barrier.wait()
        try:
            act()
        except (SlotTaken, SeatHasAppointments):
            pass  # the answer of those who were late
        except Exception as bug:  # noqa: BLE001 - a deadlock surfaces here, in a thread
            bugs.append(bug)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bugs == []


@pytest.mark.django_db(transaction=True)
def test_booking_and_disabling_at_once_leave_no_appointment_with_a_disabled_seat():
    for _ in range(5):
        seat = working_seat()
        start, task = free_tomorrow(seat)[0].start, make_task()

        run_together(
            lambda seat=seat, start=start, task=task: booked(seat, start, task),
            lambda seat=seat: services.disable_seat(seat.pk, actor=SEAT_ACTOR),
        )

        seat.refresh_from_db()
        assert seat.enabled == seat.appointments.exists()


@pytest.mark.django_db(transaction=True)
def test_seats_that_swap_and_customers_who_book_never_deadlock_or_collide():
    one, two = working_seat(), working_seat()
    first, second = free_tomorrow(one)[:2]
    mine, theirs = booked(one, first.start), booked(two, second.start)
    tasks = [make_task() for _ in range(4)]

    run_together(
        lambda: services.reassign({mine.pk: two.pk}, actor=SEAT_ACTOR),
        lambda: services.reassign({theirs.pk: one.pk}, actor=SEAT_ACTOR),
        lambda: booked(one, second.start, tasks[0]),
        lambda: booked(two, first.start, tasks[1]),
        lambda: services.reassign({mine.pk: two.pk, theirs.pk: one.pk}, actor=SEAT_ACTOR),
        lambda: booked(one, first.start, tasks[2]),
    )

    spans = list(Appointment.objects.values_list("seat_id", "slot"))
    assert len(spans) == len(set(spans))
    assert {mine.pk, theirs.pk} <= set(Appointment.objects.values_list("pk", flat=True))
