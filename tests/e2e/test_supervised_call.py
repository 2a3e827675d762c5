"""A supervisor listens to a call between two browsers, then joins it and is recorded with it."""

import re
from pathlib import Path

import pytest
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Page, expect

from accounts.sessions import SEEN
from interviews.models import Call, Participant, TimelineEvent
from operations import demo_logins as logins
from recordings.models import RecordingTrack
from tests.support.actors import wait_for_moving
from tests.support.stage import connect, seat_and_customer, stored_recording
from tests.support.system import LiveSystem

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.timeout(300)]
SINGLE = "YXD-2026-0318-00427"
PATIENT_MS = 25_000


def test_a_supervisor_listens_then_joins_and_both_are_on_record(
    live_system: LiveSystem, tmp_path: Path
) -> None:
    with seat_and_customer(live_system, tmp_path) as stage:
        call = connect(stage, phone=logins.CUSTOMERS[0], contract_no=SINGLE)
        seat, customer = stage.seat.page, stage.customer.page
        watching = stage.another_login(logins.SUPERVISOR)

        watching.goto("/wallboard/")
        watching.locator(f"#calls a[href='/supervision/{call.pk}/']").click(timeout=PATIENT_MS)
        expect(watching.locator("#listen-told")).to_have_text("客户会看到提示")
        expect(watching.locator("body")).not_to_contain_text("张晓明")
        watching.click("#listen")
        for role in ("seat", "customer"):
            wait_for_moving(watching, f"video[data-role={role}]")
        expect(seat.locator("#supervision")).to_contain_text("正在旁听", timeout=PATIENT_MS)
        expect(customer.locator("#watched-line")).to_have_text(
            "坐席主管正在旁听", timeout=PATIENT_MS
        )
        assert customer.locator(".cc__mate").count() == 0

        watching.click("#btn-switch")
        expect(customer.locator("#watched-line")).to_have_text(
            "坐席主管已加入通话", timeout=PATIENT_MS
        )
        wait_for_moving(seat, "video[data-role=supervisor]")
        mate = customer.locator(".cc__mate video").get_attribute("data-tile", timeout=PATIENT_MS)
        wait_for_moving(customer, f"video[data-tile='{mate}']")
        wait_for_moving(watching, "video[data-role=customer]")
        expect(seat.locator("#proof")).to_have_attribute(
            "data-proof-tracks", "6", timeout=PATIENT_MS
        )

        watching.click("#btn-leave")
        expect(watching.locator("#listen")).to_be_visible()
        expect(customer.locator("#watched-line")).to_be_hidden(timeout=PATIENT_MS)
        expect(seat.locator("video[data-role=supervisor]")).to_have_count(0, timeout=PATIENT_MS)
        stage.seat.hang_up()
        expect(watching.locator("#over-title")).to_have_text("通话已结束", timeout=PATIENT_MS)
        _a_page_nobody_works_on_is_covered_and_goes_on_where_it_was(watching)

    _both_stays_are_on_record(call)
    stored_recording(call, tmp_path)
    kinds = RecordingTrack.objects.filter(
        recording__call=call, participant_id__in=_stays(call)
    ).values_list("kind", flat=True)
    assert set(kinds) == {"audio", "video"}


def _a_page_nobody_works_on_is_covered_and_goes_on_where_it_was(page: Page) -> None:
    page.goto("/recordings/")
    page.fill("[name=customer]", "张晓")
    (key,) = (each["value"] for each in page.context.cookies() if each["name"] == "sessionid")
    session = SessionStore(key)
    session[SEEN] -= 7200
    session.save()

    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # it looks at once
    expect(page.locator("#lock-title")).to_have_text("已锁定")
    expect(page).to_have_title("已锁定")
    expect(page.locator("[name=customer]")).to_be_hidden()
    page.keyboard.press("Escape")
    page.fill("#lock-proof", "wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#lock-wrong")).to_have_text("密码或验证码不正确。")
    page.fill("#lock-proof", logins.PASSWORD)
    page.get_by_role("button", name="解锁").click()
    expect(page.locator("#lock")).to_be_hidden()
    expect(page.locator("[name=customer]")).to_have_value("张晓")
    page.get_by_role("button", name="查询").click()
    expect(page).to_have_url(re.compile("customer="))


def _stays(call: Call) -> list[str]:
    places = Participant.objects.filter(call=call, role="supervisor", silent=False)
    return [str(pk) for pk in places.values_list("pk", flat=True)]


def _both_stays_are_on_record(call: Call) -> None:
    stays = TimelineEvent.objects.filter(call=call, kind="supervision").order_by("at_ms")
    assert [stay.payload for stay in stays] == [
        {"silent": True, "told": True},
        {"silent": False, "told": True},
    ]
    assert all(stay.until_ms is not None and stay.until_ms > stay.at_ms for stay in stays)
