"""转出: before the call is connected, to a seat that is free in the slot (WB-2, DSP-2)."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from appointments import services as appointments
from queueing import services
from queueing.errors import NobodyFree, NotTransferable, OfferGone, SeatNotReady
from queueing.models import CallRequest, Offer, RuleVersion
from queueing.rules import Policy
from queueing.selectors import live_offer_of, own_transfer_options, queue_snapshot
from queueing.states import OfferState, RequestState, VersionState
from seats.models import SeatPresence, WorkTime
from seats.selectors import presence_of
from seats.states import Presence
from tests.queueing.test_rule_pages import entered
from tests.support.factories import PARTY_ACTOR, SEAT_ACTOR, consent, make_seat, make_task, person

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


def booked_and_calling(giver):
    """Within one local day: working time ends at midnight."""
    task = make_task()
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
    return CallRequest.objects.get(party=party), appointment


def test_an_appointment_goes_with_the_case_to_a_seat_that_works_and_is_free_then():
    giver = ready_seat()
    request, appointment = booked_and_calling(giver)
    ready_seat(works=False)
    taker = ready_seat()

    offer = hand_over(request, giver)
    assert offer.seat == taker
    call = services.accept_offer(offer.pk, seat_id=taker.pk, actor=SEAT_ACTOR)

    appointment.refresh_from_db()
    assert (call.seat, appointment.seat) == (taker, taker)


def test_a_refused_transfer_leaves_the_appointment_and_the_case_with_the_giver():
    giver = ready_seat()
    request, appointment = booked_and_calling(giver)
    taker = ready_seat()

    offer = hand_over(request, giver, taker)
    services.decline_offer(offer.pk, seat_id=taker.pk, actor=SEAT_ACTOR)

    appointment.refresh_from_db()
    assert appointment.seat == giver
    assert Offer.objects.get(request=request, state=OfferState.RINGING).seat == giver


def test_a_booked_case_that_waits_for_a_busy_seat_is_handed_on_by_it_and_by_nobody_else():
    giver = ready_seat()
    request, appointment = booked_and_calling(giver)
    busy(giver, request)
    taker, stranger = ready_seat(), make_seat()

    with pytest.raises(NotTransferable):
        own_transfer_options(request.pk, stranger.pk)
    [option] = own_transfer_options(request.pk, giver.pk)
    assert option["seat_id"] == taker.pk
    offer = hand_over(request, giver, taker)
    services.accept_offer(offer.pk, seat_id=taker.pk, actor=SEAT_ACTOR)

    appointment.refresh_from_db()
    assert appointment.seat == taker


def busy(seat, request):
    """It missed the bell and is away."""
    offer = Offer.objects.get(request=request, state=OfferState.RINGING)
    services.decline_offer(offer.pk, seat_id=seat.pk, actor=SEAT_ACTOR)
    assert presence_of(seat.pk).state == Presence.PAUSED
    request.refresh_from_db()
    assert request.state == RequestState.WAITING


def test_a_supervisor_hands_on_what_waits_for_a_busy_seat():
    giver = ready_seat()
    request, _appointment = booked_and_calling(giver)
    busy(giver, request)
    taker = ready_seat()
    supervisor = entered("M9", "dispatch.view", "seats.manage")
    Role.objects.filter(code="M9").update(scope="all")

    page = supervisor.get(reverse("queueing:line")).text
    assert f'<option value="{taker.pk}">' in page
    supervisor.post(reverse("queueing:transfer", args=[request.pk]), {"to": str(taker.pk)})

    assert Offer.objects.get(request=request, state=OfferState.RINGING).seat == taker


def test_the_seats_see_the_line_in_the_order_of_serving():
    policy = Policy.model_validate(
        {
            "rules": [
                {
                    "key": "vip",
                    "name": "vip",
                    "priority": 5,
                    "conditions": [{"attribute": "customer_type", "op": "in", "values": ["vip"]}],
                    "steps": [{"scope": "all", "strategy": "random"}],
                }
            ],
            "ageing_s": 0,
        }
    )
    RuleVersion.objects.update(state=VersionState.RETIRED)
    RuleVersion.objects.create(
        number=99, state=VersionState.IN_FORCE, policy=policy.model_dump(mode="json")
    )
    for kind in ("ordinary", "vip"):
        task = make_task(person(kind))
        type(task).objects.filter(pk=task.pk).update(customer_type=kind)
        CallRequest.objects.create(task=task, party=task.parties.get())

    assert [item["name"] for item in queue_snapshot()["items"]] == ["vip", "ordinary"]
