"""Between calls, at the seat's desk: the bell, and a booked case that is handed on (WB-2)."""

from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Role
from queueing import services as queueing
from queueing.models import Offer
from queueing.states import OfferState
from seats.models import SeatPresence
from tests.queueing.test_transfer import booked_and_calling, ready_seat
from tests.support.desk import IN_BROWSER, at_desk, wrong_with
from tests.support.factories import PARTY_ACTOR, make_case
from tests.support.waiting import wait_for

pytestmark = IN_BROWSER


def test_it_rings_and_who_cannot_come_hands_the_booked_case_on(base_url: str) -> None:
    giver = ready_seat()
    giver.user.roles.add(Role.objects.create(code="s", name="坐席", operations=["workbench.use"]))
    client = Client()
    client.force_login(giver.user, backend="django.contrib.auth.backends.ModelBackend")

    with at_desk(base_url, client) as page:
        page.goto("/workbench/")
        expect(page.locator("#pill")).to_contain_text("示闲")
        request, _appointment = booked_and_calling(giver)
        make_case(request.task.contract_no)
        expect(page.locator("#offer-contract")).to_have_text(request.task.contract_no)
        expect(page.locator("#pill")).to_contain_text("振铃")
        wrong = wrong_with(page)
        page.locator("#offer").get_by_role("button", name="案件资料").click()
        expect(page.locator("#ahead")).to_contain_text("420,000.00 元")
        expect(page.locator("#ahead")).to_contain_text("138****1234")
        wrong += wrong_with(page)
        page.keyboard.press("Escape")
        expect(page.locator("#ahead")).to_be_hidden()

        page.get_by_role("button", name="暂不接听").click()
        expect(page.locator("#pill")).to_contain_text("示忙")
        taker = ready_seat()
        row = page.locator("#queue li")
        expect(row).to_contain_text("我的预约")
        page.locator("#appointments").get_by_role("button", name="案件资料").click()
        expect(page.locator("#ahead")).to_contain_text("首次面谈")
        page.get_by_role("button", name="关闭").click()
        wrong += wrong_with(page)
        SeatPresence.objects.filter(seat=taker).update(heartbeat_at=timezone.now())
        row.get_by_role("button", name="转出").click()
        page.get_by_text(f"{taker.name} {taker.staff_no}").click()
        expect(row).to_contain_text("振铃中")
        live = wait_for(
            lambda: Offer.objects.filter(state=OfferState.RINGING).first(),
            within_s=5,
            what="it rings",
        )
        assert live.seat == taker

        queueing.abandon(request.pk, actor=PARTY_ACTOR)
        expect(page.locator("#queue-empty")).to_be_visible()

    assert wrong == []
