"""Nobody waits for ever: places nobody connects to, doors nobody opens, calls without a customer."""

import datetime as dt
from uuid import UUID

import pytest
from django.utils import timezone

from audit.models import AuditEntry
from audit.sentences import sentence
from common.clock import unix_ms
from interviews import services
from interviews.models import Call, Participant
from interviews.selectors import call_view
from interviews.services.media_events import apply_media_events
from interviews.states import CallState, ParticipantState
from parameters.models import Parameter, Scope
from seats.models import SeatPresence
from seats.states import Presence
from tests.interviews.test_calls import connect_all, leg_event
from tests.support.factories import PARTY_ACTOR, SEAT_ACTOR, consent, make_call, make_task, person

pytestmark = pytest.mark.django_db


def past(call: Call, role: str = "customer") -> Participant:
    """The place's time is over."""
    place = call.participants.get(role=role)
    assert place.reconnect_until is not None
    place.reconnect_until = timezone.now() - dt.timedelta(seconds=1)
    place.save(update_fields=["reconnect_until"])
    return place


def after_s(moment: dt.datetime | None) -> float:
    assert moment is not None
    return (moment - timezone.now()).total_seconds()


def ends_at(call: Call) -> dt.datetime | None:
    """When the call ends by itself."""
    return Call.objects.get(pk=call.pk).deserted_until


def customer_of(call: Call) -> Participant:
    return call.participants.get(role="customer")


def second_party(call: Call) -> UUID:
    """A party of the task that is not in the call, and has agreed to it."""
    party = call.task.parties.get(participant=None)
    consent(party)
    return party.pk


def desertion_is_over(call: Call) -> None:
    Call.objects.filter(pk=call.pk, deserted_until__isnull=False).update(
        deserted_until=timezone.now() - dt.timedelta(seconds=1)
    )


def test_a_customer_who_never_connects_loses_the_place_and_then_the_seat_is_free():
    call = make_call()
    SeatPresence.objects.update_or_create(seat=call.seat, defaults={"state": Presence.IN_CALL})
    place = past(call)

    assert services.expire_reconnects() == 1

    place.refresh_from_db()
    call.refresh_from_db()
    assert (place.state, call.state) == (ParticipantState.LEFT, CallState.CONNECTING)
    assert call.events.get(kind="participant.left").payload == {"reason": "never_connected"}
    assert 50 < after_s(call.deserted_until) <= 60
    assert services.end_deserted() == 0
    desertion_is_over(call)
    assert services.end_deserted() == 1
    call.refresh_from_db()
    assert (call.state, call.end_reason, call.deserted_until) == (
        CallState.ENDED,
        "no_customer",
        None,
    )
    assert SeatPresence.objects.get(seat=call.seat).state == Presence.WRAP_UP
    assert not call.task.parties.filter(interviewed_at__isnull=False).exists()


def test_a_seat_that_never_connects_ends_the_call():
    call = make_call()
    past(call, "seat")

    assert services.expire_reconnects() == 1

    call.refresh_from_db()
    assert (call.state, call.end_reason) == (CallState.ENDED, "seat_lost")


def test_who_is_connected_has_no_deadline_and_who_was_gone_and_comes_again_has_a_new_one():
    call = make_call()
    connect_all(call)
    assert not call.participants.exclude(reconnect_until=None).exists()
    customer = customer_of(call)
    services.leave_call(customer.pk, actor=PARTY_ACTOR, reason="customer")
    assert ends_at(call) is not None

    services.join_call(call.task_id, party_id=call.task.parties.get().pk, actor=PARTY_ACTOR)

    customer.refresh_from_db()
    assert ends_at(call) is None
    assert customer.state == ParticipantState.INVITED
    assert after_s(customer.reconnect_until) > 170


def test_a_door_nobody_opens_is_knocked_at_for_ten_minutes():
    Parameter.objects.create(scope=Scope.GLOBAL, code="", key="admit_by_seat", value=1)
    call = make_call(make_task(person("张晓明"), person("李红", "CO_BORROWER")))
    connect_all(call)
    party = second_party(call)
    knocking = services.join_call(call.task_id, party_id=party, actor=PARTY_ACTOR)
    assert knocking is not None
    assert after_s(knocking.reconnect_until) > 590
    Participant.objects.filter(pk=knocking.pk).update(
        reconnect_until=timezone.now() - dt.timedelta(seconds=1)
    )

    assert services.expire_reconnects() == 1

    knocking.refresh_from_db()
    assert knocking.state == ParticipantState.LEFT
    again = services.join_call(call.task_id, party_id=party, actor=PARTY_ACTOR)
    assert again is not None
    assert again.state == ParticipantState.KNOCKING


def test_the_call_of_the_last_customer_ends_unless_the_seat_waits():
    call = make_call()
    connect_all(call)
    apply_media_events([leg_event(call, customer_of(call), "leg.lost")])
    assert ends_at(call) is None  # within the window he is waited for
    past(call)
    services.expire_reconnects()
    until = ends_at(call)
    assert until is not None
    shown = call_view(call.pk, for_seat=True)["deserted_until_unix_ms"]
    assert shown == unix_ms(until)
    desertion_is_over(call)

    services.await_customers(call.pk, actor=SEAT_ACTOR)

    assert services.end_deserted() == 0
    assert after_s(ends_at(call)) > 170
    entry = AuditEntry.objects.get(action="call.customers_awaited")
    assert "继续等候客户" in sentence(entry)
    desertion_is_over(call)
    assert services.end_deserted() == 1
    call.refresh_from_db()
    assert call.end_reason == "no_customer"
    assert call.task.parties.filter(interviewed_at__isnull=False).count() == 1


def test_a_call_with_a_customer_left_is_not_deserted():
    call = make_call(make_task(person("张晓明"), person("李红", "CO_BORROWER")))
    connect_all(call)
    first = customer_of(call)
    party = second_party(call)
    services.join_call(call.task_id, party_id=party, actor=PARTY_ACTOR)

    services.leave_call(first.pk, actor=PARTY_ACTOR, reason="customer")

    assert ends_at(call) is None
