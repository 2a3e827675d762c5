"""转出: before the call is connected, to a seat that is free in the slot (WB-2, DSP-2)."""

import datetime as dt
import threading

import pytest
from django.db import connection
from django.utils import timezone

from appointments import services as appointments
from common.errors import DomainError
from interviews.models import Call
from queueing import services
from queueing.errors import NobodyFree, NotTransferable, OfferGone, SeatNotReady
from queueing.models import CallRequest, Offer
from queueing.selectors import live_offer_of
from queueing.states import OfferState, RequestState
from seats.models import Seat, SeatPresence, WorkTime
from seats.selectors import presence_of
from seats.states import Presence
from tests.support.factories import PARTY_ACTOR, SEAT_ACTOR, consent, make_seat, make_task

pytestmark = pytest.mark.django_db(transaction=True)


def ready_seat(*, works=True):
    seat = make_seat()
    SeatPresence.objects.create(seat=seat, state=Presence.READY, heartbeat_at=timezone.now())
    if works:
        for weekday in range(7):
            WorkTime.objects.create(
                seat=seat, weekday=weekday, start=dt.time(0), end=dt.time(23, 59, 59)
            )
    return seat


def ringing(giver):
    """A walk-in that rings at `giver`, who alone was ready when it came."""
    task = make_task()
    party = task.parties.get()
    consent(party)
    services.call_in(task.pk, party_id=party.pk, channel_code="APP", actor=PARTY_ACTOR)
    request = CallRequest.objects.get(party=party)
    assert Offer.objects.get(request=request).seat == giver
    return request


def hand_over(request, giver, to=None):
    return services.transfer(
        request.pk, from_seat_id=giver.pk, to_seat_id=to.pk if to else None, actor=SEAT_ACTOR
    )


def test_a_named_seat_rings_and_answers_and_the_giver_is_free_again():
    giver = ready_seat()
    request = ringing(giver)
    taker = ready_seat()

    offer = hand_over(request, giver, taker)
    call = services.accept_offer(offer.pk, seat_id=taker.pk, actor=SEAT_ACTOR)

    assert call.seat == taker
    assert presence_of(giver.pk).state == Presence.READY
    states = set(Offer.objects.filter(request=request).values_list("state", flat=True))
    assert states == {OfferState.TRANSFERRED, OfferState.ACCEPTED}
    assert giver.staff_no in offer.trace["why"]


def test_who_is_asked_may_refuse_and_the_case_is_back_in_the_line():
    giver = ready_seat()
    request = ringing(giver)
    taker = ready_seat()
    offer = hand_over(request, giver)
    arrived = request.arrived_at

    services.decline_offer(offer.pk, seat_id=taker.pk, actor=SEAT_ACTOR)

    request.refresh_from_db()
    assert request.arrived_at == arrived
    assert Offer.objects.get(request=request, state=OfferState.RINGING).seat == giver


def test_nobody_free_changes_nothing():
    giver = ready_seat()
    request = ringing(giver)

    with pytest.raises(NobodyFree):
        hand_over(request, giver)
    with pytest.raises(SeatNotReady):
        hand_over(request, giver, make_seat())

    assert Offer.objects.get(request=request).state == OfferState.RINGING
    shown = live_offer_of(giver.pk)
    assert shown is not None
    assert shown["transfer_to"] == []


def test_only_ones_own_case_and_only_before_it_is_connected():
    giver = ready_seat()
    request = ringing(giver)
    taker, stranger = ready_seat(), ready_seat()
    offer = Offer.objects.get(request=request)

    with pytest.raises(NotTransferable):
        hand_over(request, stranger, taker)
    with pytest.raises(OfferGone):
        services.transfer_offer(
            offer.pk, seat_id=stranger.pk, to_seat_id=taker.pk, actor=SEAT_ACTOR
        )
    services.accept_offer(offer.pk, seat_id=giver.pk, actor=SEAT_ACTOR)
    with pytest.raises(NotTransferable):
        hand_over(request, giver, taker)
    assert presence_of(taker.pk).state == Presence.READY


def test_an_appointment_goes_with_the_case_to_a_seat_that_works_and_is_free_then():
    giver = ready_seat()
    task = make_task()
    # Within one local day: working time ends at midnight.
    now = timezone.localtime()
    since_midnight = now - now.replace(hour=0, minute=0, second=0, microsecond=0)
    start = now - min(dt.timedelta(minutes=5), since_midnight)
    left = int((dt.timedelta(days=1) - since_midnight).total_seconds()) // 60
    minutes = 5 + max(1, min(20, left - 1))
    appointment = appointments.book(
        task.pk, seat_id=giver.pk, start=start, minutes=minutes, actor=SEAT_ACTOR
    )
    party = task.parties.get()
    consent(party)
    services.call_in(task.pk, party_id=party.pk, channel_code="APP", actor=PARTY_ACTOR)
    request = CallRequest.objects.get(party=party)
    ready_seat(works=False)
    taker = ready_seat()

    hand_over(request, giver)

    appointment.refresh_from_db()
    assert appointment.seat == taker
    assert Offer.objects.get(state=OfferState.RINGING).seat == taker


def test_answering_and_handing_over_at_once_end_in_one_call_or_one_ringing():
    giver = ready_seat()
    request = ringing(giver)
    taker = ready_seat()
    offer = Offer.objects.get(request=request)
    barrier, refused, bugs = threading.Barrier(2), [], []

    def run(act):
        barrier.wait()
        try:
            act()
        except DomainError as late:
            refused.append(late)
        except Exception as bug:  # noqa: BLE001 - a deadlock surfaces here, in a thread
            bugs.append(bug)
        finally:
            connection.close()

    acts = [
        lambda: services.accept_offer(offer.pk, seat_id=giver.pk, actor=SEAT_ACTOR),
        lambda: hand_over(request, giver, taker),
    ]
    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert bugs == []
    assert len(refused) == 1
    request.refresh_from_db()
    is_connected = request.state == RequestState.CONNECTED
    assert Call.objects.count() == is_connected
    live = Offer.objects.filter(state=OfferState.RINGING)
    assert [o.seat for o in live] == ([] if is_connected else [taker])
    busy = Seat.objects.exclude(presence__state=Presence.READY)
    assert [seat.pk for seat in busy] == [giver.pk if is_connected else taker.pk]
