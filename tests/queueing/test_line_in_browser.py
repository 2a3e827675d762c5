"""排队明细 at a supervisor's desk: why each still waits, a ringing case handed on (WB-2, DSP-3)."""

import json

from django.utils import timezone
from playwright.sync_api import expect

from audit.models import AuditEntry
from queueing.models import CallRequest, Offer
from queueing.states import OfferState, RequestState
from seats.models import SeatPresence
from tests.queueing.test_line_page import calling, ready_seat, supervisor
from tests.support.desk import IN_BROWSER, at_desk, wrong_with

pytestmark = IN_BROWSER


def test_a_supervisor_reads_why_somebody_waits_and_hands_a_ringing_case_on(base_url: str) -> None:
    giver, client = ready_seat(), supervisor()
    ringing, waiting = calling(), calling()
    taker = ready_seat()
    SeatPresence.objects.update(heartbeat_at=timezone.now())

    with at_desk(base_url, client) as page:
        page.goto("/wallboard/line/")
        first, second = page.locator("tbody tr").all()
        expect(first).to_contain_text(ringing.task.contract_no)
        expect(first).to_contain_text(f"振铃 {giver.name}")
        expect(second).to_contain_text(waiting.task.contract_no)
        expect(second).to_contain_text("暂无空闲坐席。")
        expect(second.get_by_role("button")).to_have_count(0)
        wrong = wrong_with(page)

        second.get_by_role("link", name="说明").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(waiting.task.contract_no)
        expect(page.get_by_text("暂无空闲坐席。")).to_be_visible()
        wrong += wrong_with(page)
        page.go_back()

        first = page.locator("tbody tr").first
        first.get_by_label("转给").select_option(str(taker.pk))
        first.get_by_role("button", name="转出").click()
        expect(page.get_by_text("已转出。")).to_be_visible()
        expect(page.locator("tbody tr").first).to_contain_text(f"振铃 {taker.name}")
        # The seat that gave it away is free for the next.
        expect(page.locator("tbody tr").last).to_contain_text(f"振铃 {giver.name}")

    assert wrong == []
    live = Offer.objects.filter(state=OfferState.RINGING)
    assert dict(live.values_list("request", "seat")) == {
        ringing.pk: taker.pk,
        waiting.pk: giver.pk,
    }
    assert set(CallRequest.objects.values_list("state", flat=True)) == {RequestState.OFFERED}
    told = json.loads(AuditEntry.objects.get(action="request.transferred").payload)
    assert (told["before"], told["after"]) == (giver.staff_no, taker.staff_no)
