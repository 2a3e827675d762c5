"""The line: offers, answers, deadlines, and races for them."""

import datetime as dt
import threading

import pytest
from django.db import connection
from django.utils import timezone

from appointments import services as appointments
from common.errors import DomainError
from interviews.models import Call
from interviews.states import ParticipantState
from queueing import services
from queueing.errors import OfferGone
from queueing.models import CallRequest, Offer
from queueing.states import OfferState, RequestState
from seats.models import Seat, SeatPresence
from seats.selectors import presence_of
from seats.states import Presence
from tests.support.factories import PARTY_ACTOR, SEAT_ACTOR, consent, make_seat, make_task, person
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def ready_seat(**fields):
    seat = make_seat(**fields)
    SeatPresence.objects.create(seat=seat, state=Presence.READY, heartbeat_at=timezone.now())
    return seat


def calling(task=None, party=None):
    task = task or make_task()
    party = party or task.parties.order_by("name").first()
    consent(party)
    services.call_in(task.pk, party_id=party.pk, channel_code="APP", actor=PARTY_ACTOR)
    return CallRequest.objects.get(party=party)


def booked(task, seat):
    return appointments.book(
        task.pk,
        seat_id=seat.pk,
        start=timezone.now() - dt.timedelta(minutes=5),
        minutes=30,
        actor=SEAT_ACTOR,
    )


def test_calling_in_twice_keeps_one_place():
    request = calling()

    again = services.call_in(
        request.task_id, party_id=request.party_id, channel_code="APP", actor=PARTY_ACTOR
    )

    assert again.request_id == request.pk
    assert CallRequest.objects.count() == 1


def test_a_booked_customer_rings_at_the_booked_seat_only():
    ready_seat()
    own = ready_seat()
    task = make_task()
    booked(task, own)

    request = calling(task)

    assert Offer.objects.get(request=request).seat == own


def test_a_booked_customer_waits_while_the_booked_seat_is_away():
    ready_seat()
    task = make_task()
    booked(task, make_seat())

    request = calling(task)

    request.refresh_from_db()
    assert request.state == RequestState.WAITING
    assert request.trace["rule"] == "预约坐席"


def test_an_answer_opens_the_call_with_both_places():
    seat = ready_seat()
    request = calling()
    offer = Offer.objects.get(request=request)

    call = services.accept_offer(offer.pk, seat_id=seat.pk, actor=SEAT_ACTOR)

    request.refresh_from_db()
    assert (request.state, request.call) == (RequestState.CONNECTED, call)
    assert presence_of(seat.pk).state == Presence.IN_CALL
    assert set(call.participants.values_list("role", "state")) == {
        ("seat", ParticipantState.INVITED),
        ("customer", ParticipantState.INVITED),
    }


def test_whoever_else_of_the_task_waits_enters_with_the_first():
    task = make_task(person("张晓明"), person("周安然", "GUARANTOR"))
    first, second = task.parties.order_by("name")
    calling(task, first)
    calling(task, second)
    seat = ready_seat()
    services.dispatch_waiting()

    call = services.accept_offer(Offer.objects.get().pk, seat_id=seat.pk, actor=SEAT_ACTOR)

    assert call.participants.filter(role="customer").count() == 2
    assert set(CallRequest.objects.values_list("state", flat=True)) == {RequestState.CONNECTED}


def test_a_missed_offer_pauses_the_seat_and_keeps_the_customers_place():
    seat = ready_seat()
    request = calling()
    arrived = request.arrived_at
    Offer.objects.update(deadline_at=timezone.now() - dt.timedelta(seconds=1))

    services.sweep()

    request.refresh_from_db()
    assert (request.state, request.arrived_at) == (RequestState.WAITING, arrived)
    assert Offer.objects.get().state == OfferState.MISSED
    presence = presence_of(seat.pk)
    assert (presence.state, presence.reason) == (Presence.PAUSED, "未应答")


def test_an_answer_after_the_deadline_is_refused_and_changes_nothing():
    seat = ready_seat()
    request = calling()
    offer = Offer.objects.get(request=request)
    Offer.objects.update(deadline_at=timezone.now() - dt.timedelta(seconds=1))

    with pytest.raises(OfferGone):
        services.accept_offer(offer.pk, seat_id=seat.pk, actor=SEAT_ACTOR)

    assert not Call.objects.exists()
    assert presence_of(seat.pk).state == Presence.OFFERED


def test_another_seat_cannot_answer_for_it():
    ready_seat()
    calling()

    with pytest.raises(OfferGone):
        services.accept_offer(Offer.objects.get().pk, seat_id=make_seat().pk, actor=SEAT_ACTOR)


def test_a_customer_who_goes_frees_the_ringing_seat():
    seat = ready_seat()
    request = calling()

    services.abandon(request.pk, actor=PARTY_ACTOR)

    request.refresh_from_db()
    assert request.state == RequestState.ABANDONED
    assert Offer.objects.get().state == OfferState.WITHDRAWN
    assert presence_of(seat.pk).state == Presence.READY


def test_nobody_stands_behind_a_request_that_was_silent_for_a_minute():
    request = calling()
    CallRequest.objects.update(seen_at=timezone.now() - dt.timedelta(seconds=61))

    services.sweep()

    request.refresh_from_db()
    assert request.state == RequestState.ABANDONED


def test_a_seat_without_a_sign_of_life_is_given_nothing():
    seat = ready_seat()
    SeatPresence.objects.update(heartbeat_at=timezone.now() - dt.timedelta(seconds=31))

    request = calling()

    assert not request.offers.exists()
    assert presence_of(seat.pk).state == Presence.READY


def test_rehearsal_seats_are_given_no_customers():
    ready_seat(rehearsal=True)

    assert not calling().offers.exists()


def race(act, count):
    """Run `act(index)` in threads at once; what was not refused."""
    start, results = threading.Barrier(count), []

    def run(index):
        start.wait()
        try:
            results.append(act(index))
        except DomainError:
            pass  # the expected answer of those who were late
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_sixteen_dispatchers_give_each_seat_and_each_customer_one_offer():
    requests = [calling() for _ in range(6)]
    for _ in range(4):
        ready_seat()

    race(lambda _: services.dispatch_waiting(), 16)

    ringing = Offer.objects.filter(state=OfferState.RINGING)
    assert ringing.count() == 4
    assert ringing.values("seat").distinct().count() == 4
    # the line is a line: the four who came first are served
    assert set(ringing.values_list("request_id", flat=True)) == {r.pk for r in requests[:4]}
    assert Seat.objects.filter(presence__state=Presence.OFFERED).count() == 4


def test_a_call_answered_in_two_tabs_opens_once():
    seat = ready_seat()
    calling()
    offer = Offer.objects.get()

    opened = race(lambda _: services.accept_offer(offer.pk, seat_id=seat.pk, actor=SEAT_ACTOR), 8)

    assert len(opened) == 1
    assert Call.objects.count() == 1


def test_who_leaves_while_it_begins_to_ring_leaves_no_bell_behind(monkeypatch):
    request, seat = calling(), ready_seat()
    made, left = threading.Event(), threading.Event()

    def hold_back(name):
        if name == "offer.made":  # rings, and nobody else can see it yet
            made.set()
            left.wait(5)

    def ring():
        services.dispatch_waiting()
        connection.close()

    def leave():
        services.abandon(request.pk, actor=PARTY_ACTOR)
        connection.close()

    monkeypatch.setattr("queueing.services.line.faultpoint", hold_back)
    ringing, leaving = threading.Thread(target=ring), threading.Thread(target=leave)
    ringing.start()
    assert made.wait(5)
    leaving.start()
    wait_for(somebody_waits_for_a_lock, within_s=5, what="the leaving waits for the row")
    left.set()
    for each in (ringing, leaving):
        each.join()

    assert Offer.objects.get().state == OfferState.WITHDRAWN
    assert presence_of(seat.pk).state == Presence.READY


def somebody_waits_for_a_lock():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        row = cursor.fetchone()
    return row is not None and row[0] > 0


def test_who_has_no_place_in_the_call_keeps_nobody_else_out_of_it(monkeypatch):
    monkeypatch.setattr("interviews.policy.MAX_CUSTOMERS", 1)
    task = make_task(person("张晓明"), person("李丽"))
    first, second = task.parties.order_by("name")
    seat = ready_seat()
    for party in (first, second):
        calling(task, party)

    services.accept_offer(Offer.objects.get().pk, seat_id=seat.pk, actor=SEAT_ACTOR)
    services.sweep()

    states = dict(CallRequest.objects.values_list("party_id", "state"))
    assert sorted(states.values()) == [RequestState.CONNECTED, RequestState.WAITING]


def test_who_came_early_and_still_waits_has_arrived_when_the_slot_begins():
    task, seat = make_task(), ready_seat()
    calling(task)
    appointment = booked(task, seat)
    assert appointment.arrived_at is None

    services.sweep()

    appointment.refresh_from_db()
    assert appointment.arrived_at is not None
