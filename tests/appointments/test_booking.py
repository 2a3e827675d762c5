"""Times: nobody twice at once, the loser is told what is free."""

import datetime as dt
import threading

import pytest
from django.db import connection
from django.utils import timezone

from appointments import selectors, services
from appointments.errors import MoveNotAllowed, PersonBusy, SlotTaken
from appointments.models import Appointment
from appointments.states import AppointmentState
from seats.models import WorkTime
from tests.support.factories import SEAT_ACTOR, make_seat, make_task, person

pytestmark = pytest.mark.django_db


def working_seat():
    seat = make_seat()
    WorkTime.objects.bulk_create(
        WorkTime(seat=seat, weekday=day, start=dt.time(9), end=dt.time(12)) for day in range(7)
    )
    return seat


def first_free(seat):
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    return selectors.free_slots(first_day=tomorrow, last_day=tomorrow, seat_id=seat.pk)[0]


def book(task, seat, start):
    return services.book(task.pk, seat_id=seat.pk, start=start, actor=SEAT_ACTOR)


def test_a_booked_slot_is_free_no_more():
    seat = working_seat()
    slot = first_free(seat)

    book(make_task(), seat, slot.start)

    assert first_free(seat).start > slot.start


def test_booking_the_same_again_is_the_same_booking():
    seat, task = working_seat(), make_task()
    start = first_free(seat).start

    assert book(task, seat, start) == book(task, seat, start)
    assert Appointment.objects.count() == 1


def test_a_taken_slot_is_refused_with_the_next_free_ones():
    seat = working_seat()
    start = first_free(seat).start
    book(make_task(), seat, start)

    with pytest.raises(SlotTaken) as refusal:
        book(make_task(), seat, start)

    assert len(refusal.value.facts["next"]) == 5
    assert start.isoformat() not in refusal.value.facts["next"]


def test_a_person_has_one_interview_at_a_time():
    someone = person("张晓明")
    first, second = working_seat(), working_seat()
    start = first_free(first).start
    book(make_task(someone), first, start)

    with pytest.raises(PersonBusy):
        book(make_task(someone), second, start)


def test_a_running_slot_cannot_be_moved():
    seat, task = working_seat(), make_task()
    services.book(
        task.pk,
        seat_id=seat.pk,
        start=timezone.now() - dt.timedelta(minutes=1),
        minutes=20,
        actor=SEAT_ACTOR,
    )

    with pytest.raises(MoveNotAllowed):
        services.move(task.pk, seat_id=seat.pk, start=first_free(seat).start, actor=SEAT_ACTOR)


def test_a_task_is_moved_twice_at_most():
    seat, task = working_seat(), make_task()
    book(task, seat, first_free(seat).start)
    for _ in range(2):
        services.move(task.pk, seat_id=seat.pk, start=first_free(seat).start, actor=SEAT_ACTOR)

    with pytest.raises(MoveNotAllowed):
        services.move(task.pk, seat_id=seat.pk, start=first_free(seat).start, actor=SEAT_ACTOR)

    assert Appointment.objects.filter(state=AppointmentState.BOOKED).count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_bookers_of_one_slot_leave_one_booking():
    seat = working_seat()
    start = first_free(seat).start
    tasks = [make_task() for _ in range(20)]
    barrier, refused = threading.Barrier(20), []

    def run(task):
        barrier.wait()
        try:
            book(task, seat, start)
        except SlotTaken as refusal:
            refused.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Appointment.objects.filter(state=AppointmentState.BOOKED).count() == 1
    assert len(refused) == 19
    assert all(refusal.facts["next"] for refusal in refused)


@pytest.mark.django_db(transaction=True)
def test_moving_while_others_book_never_deadlocks():
    """Who moves and who books take the seat before the task (lock order)."""
    seat, task = working_seat(), make_task()
    book(task, seat, first_free(seat).start)
    starts = [slot.start for slot in _free_tomorrow(seat)]
    refused_unexpectedly, barrier = [], threading.Barrier(8)

    def run(index):
        barrier.wait()
        try:
            start = starts[index % len(starts)]
            if index % 2:
                services.move(task.pk, seat_id=seat.pk, start=start, actor=SEAT_ACTOR)
            else:
                book(task, seat, start)
        except (MoveNotAllowed, SlotTaken):
            pass  # the answer of those who were late
        except Exception as bug:  # noqa: BLE001 - a deadlock surfaces here, in a thread
            refused_unexpectedly.append(bug)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert refused_unexpectedly == []
    assert Appointment.objects.filter(task=task, state=AppointmentState.BOOKED).count() == 1


def _free_tomorrow(seat):
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    return selectors.free_slots(first_day=tomorrow, last_day=tomorrow, seat_id=seat.pk)
