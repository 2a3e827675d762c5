"""A slot is kept while somebody fills in the form, and not longer."""

import datetime as dt
import threading

import pytest
from django.db import connection
from django.utils import timezone

from appointments import services
from appointments.errors import NoShowLimit, SlotTaken
from appointments.models import Appointment, SlotHold
from appointments.states import AppointmentState
from interviews.models import Call
from interviews.services import supersede_task
from interviews.states import CallState
from outbox.models import OutboxMessage
from parameters.models import Parameter
from tests.support.calendars import booked, free_tomorrow, working_seat
from tests.support.factories import SEAT_ACTOR, make_call, make_task, person

pytestmark = pytest.mark.django_db


def hold(seat, start, holder):
    return services.hold(seat.pk, start=start, holder=holder, actor=SEAT_ACTOR)


def past_slot(task, seat, minutes_ago=60):
    start = timezone.now() - dt.timedelta(minutes=minutes_ago)
    return services.book(task.pk, seat_id=seat.pk, start=start, minutes=20, actor=SEAT_ACTOR)


def test_a_held_slot_is_free_to_its_holder_only():
    seat = working_seat()
    start = free_tomorrow(seat)[0].start

    hold(seat, start, "YXD-1")

    assert free_tomorrow(seat)[0].start > start
    assert free_tomorrow(seat, holder="YXD-1")[0].start == start
    with pytest.raises(SlotTaken):
        hold(seat, start, "YXD-2")
    with pytest.raises(SlotTaken):
        booked(seat, start)


def test_the_holders_booking_uses_the_hold_up():
    seat, task = working_seat(), make_task()
    start = free_tomorrow(seat)[0].start
    hold(seat, start, task.contract_no)

    booked(seat, start, task)

    assert not SlotHold.objects.exists()


def test_a_holder_has_one_slot_and_holding_it_again_does_not_lengthen_it():
    seat = working_seat()
    first, second = (slot.start for slot in free_tomorrow(seat)[:2])
    held = hold(seat, first, "YXD-1")

    assert hold(seat, first, "YXD-1").expires_at == held.expires_at
    hold(seat, second, "YXD-1")

    assert SlotHold.objects.get().slot.lower == second


def test_a_hold_past_its_time_is_nothing():
    seat = working_seat()
    start = free_tomorrow(seat)[0].start
    hold(seat, start, "YXD-1")
    SlotHold.objects.update(expires_at=timezone.now())

    assert hold(seat, start, "YXD-2").holder == "YXD-2"


def test_letting_go_frees_the_slot():
    seat = working_seat()
    start = free_tomorrow(seat)[0].start
    hold(seat, start, "YXD-1")

    services.release("YXD-1")

    assert free_tomorrow(seat)[0].start == start


def test_moving_to_where_it_is_costs_no_move():
    seat, task = working_seat(), make_task()
    appointment = booked(seat, free_tomorrow(seat)[0].start, task)

    same = services.move(task.pk, seat_id=seat.pk, start=appointment.bounds[0], actor=SEAT_ACTOR)

    assert same == appointment
    assert Appointment.objects.count() == 1


def test_who_never_came_is_a_no_show_and_who_waits_keeps_the_time():
    seat, other = working_seat(), working_seat()
    absent, waiting = past_slot(make_task(), seat), past_slot(make_task(), other, minutes_ago=30)
    Appointment.objects.filter(pk=waiting.pk).update(arrived_at=waiting.slot.lower)

    assert services.expire_past() == 1

    absent.refresh_from_db()
    waiting.refresh_from_db()
    assert (absent.state, absent.no_show) == (AppointmentState.EXPIRED, True)
    assert (waiting.state, waiting.no_show) == (AppointmentState.BOOKED, False)


def test_an_interview_that_was_held_is_not_expired_while_it_waits_to_be_filed():
    task, seat = make_task(), working_seat()
    appointment = past_slot(task, seat, minutes_ago=180)
    call = make_call(task, seat)
    Call.objects.filter(pk=call.pk).update(state=CallState.ENDED, live_at=timezone.now())

    assert services.expire_past() == 0

    services.keep(task.pk)
    appointment.refresh_from_db()
    assert (appointment.state, appointment.no_show) == (AppointmentState.KEPT, False)


def test_too_many_no_shows_send_the_customer_to_the_manager():
    Parameter.objects.create(key="no_show_limit", value=1)
    seat, task = working_seat(), make_task()
    past_slot(task, seat)
    services.expire_past()

    with pytest.raises(NoShowLimit):
        services.move(
            task.pk, seat_id=seat.pk, start=free_tomorrow(seat)[0].start, actor=SEAT_ACTOR
        )


def arrived_at(task):
    services.note_arrivals([task.pk])
    return Appointment.objects.get(task=task).arrived_at


def test_arrival_is_noted_once_and_only_inside_the_slot():
    seat, task = working_seat(), make_task()
    booked(seat, free_tomorrow(seat)[0].start, task)

    assert arrived_at(task) is None

    now = timezone.now()
    Appointment.objects.update(slot=(now - dt.timedelta(minutes=1), now + dt.timedelta(minutes=9)))
    first = arrived_at(task)
    assert first is not None
    assert arrived_at(task) == first


def test_the_new_task_of_a_reverse_flow_takes_the_old_ones_time():
    someone = person("张晓明")
    seat, task = working_seat(), make_task(someone, contract_no="YXD-9")
    start = free_tomorrow(seat)[0].start
    old = booked(seat, start, task)
    supersede_task("YXD-9", actor=SEAT_ACTOR)

    other = working_seat()
    booked(other, start, make_task(someone, contract_no="YXD-9"))

    old.refresh_from_db()
    assert old.state == AppointmentState.CANCELLED


def test_every_change_is_news_for_those_who_listen(monkeypatch):
    published = []
    monkeypatch.setattr(
        "appointments.services.booking.publish",
        lambda topic, **_: published.append(topic),
    )
    seat, task = working_seat(), make_task()
    first, second = (slot.start for slot in free_tomorrow(seat)[:2])

    booked(seat, first, task)
    services.move(task.pk, seat_id=seat.pk, start=second, actor=SEAT_ACTOR)
    services.cancel(task.pk, actor=SEAT_ACTOR)
    services.cancel(task.pk, actor=SEAT_ACTOR)

    assert published == ["appointment.booked", "appointment.moved", "appointment.cancelled"]
    assert not OutboxMessage.objects.filter(topic="appointment.expired").exists()


@pytest.mark.django_db(transaction=True)
def test_holders_and_bookers_of_one_slot_leave_one_of_them():
    seat = working_seat()
    start = free_tomorrow(seat)[0].start
    tasks = [make_task() for _ in range(8)]
    barrier, won = threading.Barrier(16), []

    def run(act, name):
        barrier.wait()
        try:
            act()
            won.append(name)
        except SlotTaken:
            pass  # somebody was faster
        finally:
            connection.close()

    acts = [(lambda task=task: booked(seat, start, task), f"book {task.pk}") for task in tasks]
    acts += [(lambda n=n: hold(seat, start, f"other-{n}"), f"hold {n}") for n in range(8)]
    threads = [threading.Thread(target=run, args=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(won) == 1
    assert Appointment.objects.count() + SlotHold.objects.count() == 1
