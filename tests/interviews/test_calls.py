"""Opening, joining, losing, ending: the rows after each act."""

import datetime as dt
import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from interviews import services
from interviews.errors import CallOver, ConsentMissing, RoomFull, SeatBusy, TaskClosed
from interviews.models import Call, Participant
from interviews.services.media_events import apply_media_events
from interviews.states import CallState, ParticipantState
from media_worker.protocol import Event
from operations.children import wait_until
from tests.support.connections import beside, somebody_waits
from tests.support.factories import (
    SEAT_ACTOR,
    consent,
    make_call,
    make_seat,
    make_task,
    person,
)

pytestmark = pytest.mark.django_db


def leg_event(call, participant, kind, at_ms=1000, event_id=None, **payload):
    leg = (
        participant.legs.create(number=participant.legs.count() + 1, media_epoch=1)
        if (kind == "leg.connected")
        else participant.legs.order_by("-number").first()
    )
    return Event(
        id=event_id or f"{leg.pk}-{kind}-{at_ms}",
        call_id=str(call.pk),
        epoch=1,
        kind=kind,
        at_ms=at_ms,
        participant_id=str(participant.pk),
        leg_id=str(leg.pk),
        payload=payload,
    )


def connect_all(call):
    apply_media_events(
        [leg_event(call, place, "leg.connected") for place in call.participants.all()]
    )
    call.refresh_from_db()


def test_nobody_is_recorded_without_consent():
    task = make_task()

    with pytest.raises(ConsentMissing):
        services.open_call(
            task.pk, seat=make_seat(), party_id=task.parties.get().pk, actor=SEAT_ACTOR
        )

    assert not Call.objects.exists()


def test_a_call_is_live_when_both_sides_are_connected():
    call = make_call()

    connect_all(call)

    assert call.state == CallState.LIVE
    assert {p.state for p in call.participants.all()} == {ParticipantState.PRESENT}


def test_the_same_event_twice_changes_state_once():
    call = make_call()
    place = call.participants.get(role="customer")
    event = leg_event(call, place, "leg.connected")

    apply_media_events([event, event])

    assert call.events.filter(kind="participant.joined").count() == 1


def test_a_lost_customer_keeps_the_place_and_the_gap_is_on_the_timeline():
    call = make_call()
    connect_all(call)
    place = call.participants.get(role="customer")

    apply_media_events([leg_event(call, place, "leg.lost", at_ms=5000)])

    place.refresh_from_db()
    assert place.state == ParticipantState.LOST
    assert place.lost_at is not None
    assert place.reconnect_until is not None
    assert place.reconnect_until > place.lost_at
    apply_media_events([leg_event(call, place, "leg.recovered", at_ms=9000)])
    gap = call.events.get(kind="gap")
    assert (gap.at_ms, gap.until_ms) == (5000, 9000)
    place.refresh_from_db()
    assert place.state == ParticipantState.PRESENT
    assert place.reconnect_until is None


def test_a_call_survives_every_connection_and_ends_by_the_seats_act():
    call = make_call()
    connect_all(call)
    for place in call.participants.all():
        apply_media_events([leg_event(call, place, "leg.closed", at_ms=7000, reason="ice")])
    call.refresh_from_db()
    assert call.state == CallState.LIVE

    services.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")

    call.refresh_from_db()
    assert call.state == CallState.ENDED
    assert call.task.parties.get().interviewed_at == call.ended_at
    assert set(call.participants.values_list("state", flat=True)) == {"LEFT"}


def test_ending_twice_is_refused():
    call = make_call()
    services.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")

    with pytest.raises(CallOver):
        services.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")


def test_the_ninth_customer_is_refused_and_the_others_keep_their_places():
    people = [person(f"客户{i}") for i in range(9)]
    task = make_task(*people)
    call = make_call(task)
    caller = call.participants.get(role="customer").party
    assert caller is not None
    others = list(task.parties.exclude(pk=caller.pk))
    for party in others[:7]:
        consent(party)
        assert services.join_call(task.pk, party_id=party.pk, actor=SEAT_ACTOR) is not None
    consent(others[7])

    with pytest.raises(RoomFull):
        services.join_call(task.pk, party_id=others[7].pk, actor=SEAT_ACTOR)

    assert Participant.objects.filter(call=call, role="customer").count() == 8


def test_a_place_that_was_left_and_taken_by_another_is_not_given_twice():
    task = make_task(*(person(f"客户{i}") for i in range(9)))
    call = make_call(task)
    parties = list(task.parties.order_by("name"))
    places = []
    for party in parties[:8]:
        consent(party)
        places.append(services.join_call(task.pk, party_id=party.pk, actor=SEAT_ACTOR))
    assert places[1] is not None
    services.leave_call(places[1].pk, actor=SEAT_ACTOR, reason="left")
    consent(parties[8])
    services.join_call(task.pk, party_id=parties[8].pk, actor=SEAT_ACTOR)

    with pytest.raises(RoomFull):
        services.join_call(task.pk, party_id=parties[1].pk, actor=SEAT_ACTOR)

    taken = Participant.objects.filter(call=call, role="customer").exclude(state="LEFT")
    assert taken.count() == 8


@pytest.mark.django_db(transaction=True)
def test_of_nine_parties_that_call_in_at_once_eight_get_a_place_and_nobody_is_disturbed():
    task = make_task(*(person(f"客户{i}") for i in range(9)))
    call = make_call(task)
    connect_all(call)
    before = list(call.participants.order_by("pk").values("pk", "state", "joined_at", "lost_at"))
    parties = list(task.parties.order_by("name"))
    for party in parties[1:]:
        consent(party)
    start = threading.Barrier(9)
    places, refused = [], []

    def call_in(party):
        start.wait()
        try:
            places.append(services.join_call(task.pk, party_id=party.pk, actor=SEAT_ACTOR))
        except RoomFull as full:
            refused.append(full.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=call_in, args=(party,)) for party in parties]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert refused == ["room_full"]
    assert len({place.pk for place in places if place is not None}) == 8
    assert Participant.objects.filter(call=call, role="customer").count() == 8
    were_in = call.participants.filter(pk__in=[row["pk"] for row in before]).order_by("pk")
    assert list(were_in.values("pk", "state", "joined_at", "lost_at")) == before
    assert call.participants.filter(legs__closed_at=None, legs__isnull=False).count() == 2
    assert not call.events.filter(kind="gap").exists()
    call.refresh_from_db()
    assert call.state == CallState.LIVE


def test_a_seat_has_one_running_call():
    seat = make_seat()
    make_call(seat=seat)

    with pytest.raises(SeatBusy):
        make_call(seat=seat)


def test_a_superseded_task_opens_no_call():
    task = make_task()
    consent(task.parties.get())
    make_task(contract_no=task.contract_no)

    with pytest.raises(TaskClosed):
        services.open_call(
            task.pk, seat=make_seat(), party_id=task.parties.get().pk, actor=SEAT_ACTOR
        )


@pytest.mark.django_db(transaction=True)
def test_eight_threads_open_one_call_for_a_task():
    task = make_task()
    consent(task.parties.get())
    seats = [make_seat() for _ in range(8)]
    start = threading.Barrier(8)
    opened = []

    def race(seat):
        start.wait()
        try:
            opened.append(
                services.open_call(
                    task.pk, seat=seat, party_id=task.parties.get().pk, actor=SEAT_ACTOR
                )
            )
        except SeatBusy:
            pass  # the expected answer for seven of the eight
        finally:
            connection.close()

    threads = [threading.Thread(target=race, args=(seat,)) for seat in seats]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(opened) == 1
    assert Call.objects.filter(task=task).count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("role", ["seat", "customer"])
def test_who_returns_in_the_last_moment_is_not_thrown_out(role):
    call = make_call()
    connect_all(call)
    place = call.participants.get(role=role)
    apply_media_events([leg_event(call, place, "leg.closed")])
    Participant.objects.filter(pk=place.pk).update(
        reconnect_until=timezone.now() - dt.timedelta(seconds=1)
    )
    given_up = []
    with transaction.atomic():
        apply_media_events([leg_event(call, place, "leg.connected", at_ms=2000)])
        sweeping = beside(lambda: given_up.append(services.expire_reconnects()))
        assert wait_until(somebody_waits, within_s=30)
    sweeping.join(30)

    assert given_up == [0]
    call.refresh_from_db()
    place.refresh_from_db()
    assert (call.is_running, place.state) == (True, ParticipantState.PRESENT)


@pytest.mark.django_db(transaction=True)
def test_a_mark_and_a_change_of_the_call_at_once_do_not_lock_each_other_out():
    call = make_call()
    locked = threading.Event()

    def change():
        with transaction.atomic():
            services.lock_call(call.pk)
            locked.set()
            services.add_event(call.pk, kind="chat", payload={}, actor=SEAT_ACTOR)

    with transaction.atomic():
        services.add_event(call.pk, kind="chat", payload={}, actor=SEAT_ACTOR)  # holds the log
        changing = beside(change)
        assert locked.wait(30)
        assert wait_until(somebody_waits, within_s=30)
    changing.join(30)

    assert call.events.filter(kind="chat").count() == 2
