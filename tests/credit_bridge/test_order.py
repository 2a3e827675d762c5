"""What the partner hears of a contract comes in the order it happened, outages or not (CRD-3)."""

import datetime as dt

import pytest
from django.utils import timezone

from credit_bridge import handlers
from credit_bridge.embedded import EmbeddedBank as EmbeddedCredit
from credit_bridge.errors import CreditUnavailable
from interviews import services as interviews
from interviews.models import Call
from interviews.states import CallState
from outbox.models import OutboxMessage
from outbox.services import deliver_one
from queueing import services as queueing
from queueing.models import CallRequest, Offer
from queueing.states import OfferState, RequestState
from seats.models import SeatPresence
from seats.selectors import presence_of
from seats.states import Presence
from tests.support.factories import (
    PARTY_ACTOR,
    SEAT_ACTOR,
    consent,
    make_call,
    make_seat,
    make_task,
)

pytestmark = pytest.mark.django_db(transaction=True)


class Partner(EmbeddedCredit):
    """Away until told otherwise; remembers what reached it."""

    def __init__(self):
        self.is_away = True
        self.heard = []

    def send_state(self, message):
        if self.is_away:
            raise CreditUnavailable
        self.heard.append(message.state)


def deliver_all():
    OutboxMessage.objects.filter(state="pending").update(due_at=timezone.now())
    while deliver_one():
        pass


def test_a_state_never_overtakes_the_one_before_it(monkeypatch):
    partner = Partner()
    monkeypatch.setattr(handlers, "bank", lambda: partner)
    task = make_task()
    deliver_all()
    # The first word waits for its next try; the second is new and would be due at once.
    waiting = OutboxMessage.objects.filter(topic="task.created")
    waiting.update(due_at=timezone.now() + dt.timedelta(hours=1))
    partner.is_away = False
    interviews.settle_task(task.pk, passed=True, actor=SEAT_ACTOR)
    while deliver_one():
        pass
    assert partner.heard == []

    deliver_all()

    assert partner.heard == ["PENDING", "PASSED"]


def test_a_running_call_of_a_superseded_task_is_ended_and_kept():
    call = make_call()

    interviews.supersede_task(call.task.contract_no, actor=SEAT_ACTOR)
    deliver_all()

    call = Call.objects.get(pk=call.pk)
    assert call.state == CallState.ENDED
    assert call.end_reason == "superseded"


def test_a_ringing_case_of_a_superseded_task_stops_ringing():
    seat = make_seat()
    SeatPresence.objects.create(seat=seat, state=Presence.READY, heartbeat_at=timezone.now())
    task = make_task()
    party = task.parties.get()
    consent(party)
    queueing.call_in(task.pk, party_id=party.pk, channel_code="APP", actor=PARTY_ACTOR)
    assert Offer.objects.get().state == OfferState.RINGING

    interviews.supersede_task(task.contract_no, actor=SEAT_ACTOR)
    queueing.sweep()

    assert CallRequest.objects.get().state == RequestState.ABANDONED
    assert Offer.objects.get().state == OfferState.WITHDRAWN
    assert presence_of(seat.pk).state == Presence.READY
