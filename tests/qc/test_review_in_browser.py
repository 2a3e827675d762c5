"""A review in a real browser: everything on one page, and the doubtful second in two clicks (QC-2)."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from audit.models import AuditEntry
from credit_bridge import selectors as bridge
from credit_bridge.simulator import Fault
from interviews import services as interviews
from interviews.states import Verdict
from qc import services
from qc.models import QcReview
from tests.recordings.conftest import MakeEnded, ended_call  # noqa: F401 - a fixture
from tests.recordings.test_keeping import client_with
from tests.support.bank import http_bank, simulated
from tests.support.desk import IN_BROWSER, at_desk, out_of_place
from tests.support.factories import SEAT_ACTOR, make_case

pytestmark = IN_BROWSER


def test_a_reviewer_sees_the_case_on_one_page_and_the_doubt_in_two_clicks(
    base_url: str,
    ended_call: MakeEnded,  # noqa: F811 - the fixture above
) -> None:
    call = ended_call()
    image = make_case(call.task.contract_no).images.get()
    call.events.create(kind="tag", at_ms=1200, payload={"kind": "risk", "note": "流水"})
    call.events.create(kind="chat", at_ms=1700, payload={"text": "请把身份证拿近一些"})
    interviews.file_verdict(call.pk, verdict=Verdict.DOUBT, note="收入", actor=SEAT_ACTOR)
    services.open_review(call.pk, doubt="收入")

    with at_desk(base_url, client_with("qc.review")) as page:
        page.set_viewport_size({"width": 1280, "height": 720})
        page.goto("/qc/")
        page.get_by_role("link", name="⚑ 00:00:01").click()
        expect(page.locator(".player__time")).to_contain_text("00:01 / 00:02")
        expect(page.locator(".player__tile")).to_have_count(2)
        page.locator("#find").fill("身份证")
        expect(page.locator("#marks li:visible")).to_have_count(1)
        expect(page.locator("#marks-count")).to_have_text("1")
        page.locator("#find").fill("")
        expect(page.locator("#marks-count")).to_have_text("2")

        page.get_by_role("link", name=image.title).click()
        expect(page.locator("#lightbox figure")).to_have_count(1)
        page.get_by_role("button", name="关闭").click()
        page.get_by_role("button", name="与影像对比").click()
        expect(page.locator("#lightbox figure")).to_have_count(2)
        page.get_by_role("button", name="关闭").click()
        wrong = out_of_place(page)
        assert page.url.endswith("#ms=1200"), "nothing led away"

    assert wrong == []
    assert AuditEntry.objects.filter(action="image.opened", object_id=str(image.pk)).exists()


def test_a_reviewer_works_while_the_bank_is_away_and_asks_it_again(
    base_url: str, review: QcReview, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_case(review.call.task.contract_no)
    with simulated() as (simulator, url), http_bank(url) as bank:
        monkeypatch.setattr(bridge, "bank", lambda: bank)
        simulator.set(Fault.DOWN, count=1000)
        with at_desk(base_url, client_with("qc.review")) as page:
            page.goto(reverse("qc:review", args=[review.pk]))
            panel = page.locator("[data-panel-url]")
            expect(panel).to_contain_text("信贷系统暂时无法访问")
            wrong = out_of_place(page)
            simulator.clear()
            simulator.set(Fault.DELAY, seconds=1.0)
            panel.get_by_role("button", name="重试").click()
            expect(panel).to_contain_text("正在从信贷系统读取")
            expect(page.get_by_role("button", name="认领")).to_be_enabled()
            expect(panel).to_contain_text("420,000.00")
            expect(panel.get_by_role("button")).to_have_count(0)
            expect(page.locator("[data-compare]")).to_be_hidden()  # there is no snapshot

    assert wrong == []
