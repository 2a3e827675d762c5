"""The line as a supervisor sees it: order, reasons, 转出 of a ringing case."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from queueing import services
from queueing.models import CallRequest, Offer
from queueing.states import OfferState, RequestState
from seats.models import SeatPresence
from seats.selectors import presence_of
from seats.states import Presence
from tests.queueing.test_rule_pages import entered
from tests.support.factories import PARTY_ACTOR, SEAT_ACTOR, consent, make_seat, make_task

pytestmark = pytest.mark.django_db


def ready_seat():
    seat = make_seat()
    SeatPresence.objects.create(seat=seat, state=Presence.READY, heartbeat_at=timezone.now())
    return seat


def calling():
    task = make_task()
    party = task.parties.get()
    consent(party)
    services.call_in(task.pk, party_id=party.pk, channel_code="APP", actor=PARTY_ACTOR)
    services.dispatch_waiting()
    return CallRequest.objects.get(party=party)


def supervisor(*more):
    client = entered("M9", "dispatch.view", "seats.manage", *more)
    Role.objects.filter(code="M9").update(scope="all")
    return client


def test_the_line_says_why_and_a_ringing_case_is_handed_on():
    giver, client = ready_seat(), supervisor()
    request = calling()
    waiting = calling()
    taker = ready_seat()
    SeatPresence.objects.filter(seat=taker).update(heartbeat_at=timezone.now())

    page = client.get(reverse("queueing:line")).content.decode()
    done = client.post(reverse("queueing:transfer", args=[request.pk]), {"to": taker.pk})

    assert page.index(request.task.contract_no) < page.index(waiting.task.contract_no)
    assert "暂无空闲坐席。" in page
    assert request.task.customer_name not in page
    assert done.status_code == 302
    assert Offer.objects.get(request=request, state=OfferState.RINGING).seat == taker
    assert presence_of(giver.pk).state == Presence.READY


def test_the_decision_is_found_from_the_case_and_a_seat_can_be_paused():
    seat, client = ready_seat(), supervisor()
    spare = ready_seat()
    request = calling()
    other = spare if Offer.objects.get().seat == seat else seat

    found = client.get(reverse("queueing:why_task", args=[request.task_id]))
    client.post(reverse("appointments:pause", args=[other.pk]), {"reason": "辅导"})
    client.post(reverse("appointments:pause", args=[Offer.objects.get().seat_id]))

    assert found.url == reverse("queueing:why", args=[request.pk])
    assert (presence_of(other.pk).state, presence_of(other.pk).reason) == ("PAUSED", "辅导")
    assert presence_of(Offer.objects.get().seat_id).state == Presence.OFFERED
    assert CallRequest.objects.get().state == RequestState.OFFERED


def test_every_ring_says_which_seats_were_looked_at_and_why_not_they():
    seats_there, client = [ready_seat(), ready_seat()], supervisor()
    request = calling()
    first = Offer.objects.get(request=request)
    [other] = [seat for seat in seats_there if seat.pk != first.seat_id]
    services.decline_offer(first.pk, seat_id=first.seat_id, actor=SEAT_ACTOR)
    services.dispatch_waiting()
    second = Offer.objects.exclude(pk=first.pk).get(request=request)

    page = client.get(reverse("queueing:why", args=[request.pk])).content.decode()

    assert second.seat == other
    assert page.count(f"{other.staff_no}：策略选择了其他坐席") == 1  # at the first ring
    assert page.count(f"选中 {first.seat.staff_no}。") == 1
    assert page.count(f"选中 {other.staff_no}。") == 2  # the second ring is the latest look, too
