"""A seat's morning in a real browser, with and without a mouse (issue 6 of 8)."""

from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from appointments import services as appointments
from appointments.models import Appointment
from appointments.states import AppointmentState
from audit.models import AuditEntry
from common.actor import SYSTEM
from interviews.models import Call, InterviewTask, Snapshot
from interviews.states import CallState, TaskState, Verdict
from operations import demo_logins as logins
from parameters import services as parameters
from qc.models import QcReview
from seats.models import Seat
from tests.support.axe import axe
from tests.support.stage import BothSides, seat_and_customer
from tests.support.system import LiveSystem
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.timeout(300)]
SINGLE, WITH_FAMILY = "YXD-2026-0318-00427", "YXD-2026-0402-00518"


def test_a_morning_with_a_missed_call_three_cases_and_three_opinions(
    live_system: LiveSystem, tmp_path: Path
) -> None:
    parameters.set_value("offer_s", 7, scope="global", by="test")
    wrong: dict[str, list[str]] = {}
    with seat_and_customer(live_system, tmp_path) as stage:
        seat = stage.seat.page
        stage.seat.log_in()
        stage.seat.get_ready()
        wrong["idle"] = _wrong_with(seat)

        _call_in(stage, logins.CUSTOMERS[0], SINGLE)
        _an_unanswered_call_comes_back(stage, wrong)
        stage.seat.accept()
        stage.seat.sees("customer")
        wrong["call"] = _wrong_with(seat)
        first = _live(SINGLE)
        _work_through_some_of_the_script(seat)
        _a_reload_returns_to_the_call(stage)
        _a_second_window_asks_before_it_takes_over(stage)
        seat.select_option("#next-state", "PAUSED:小休")
        _the_lamp_says_what_is_missing(seat, wrong)
        stage.seat.wait_for_presence("WRAP_UP")
        _a_picture_is_deleted_and_a_tag_explained(seat, first)
        seat.locator("#player video").first.wait_for(state="attached")
        wrong["review"] = _wrong_with(seat)
        seat.locator("#verdict-pass").check(force=True)
        seat.click("#verdict-file")
        stage.seat.wait_for_presence("PAUSED")
        expect(seat.locator("#pill")).to_contain_text("示忙 · 小休")
        _is_filed(first, Verdict.PASS, TaskState.PASSED)

        live_system.manage("load_demo")
        seat.click("#ready")
        second = _short_call(stage, logins.CUSTOMERS[0], SINGLE)
        seat.locator("#verdict-doubt").check(force=True)
        expect(seat.locator("#verdict-file")).to_be_disabled()
        seat.fill("#verdict-note", "持证人与影像不符")
        seat.click("#verdict-file")
        stage.seat.wait_for_presence("READY")
        _is_filed(second, Verdict.DOUBT, TaskState.PENDING)
        wait_for(
            lambda: QcReview.objects.filter(call=second).exists(), within_s=20, what="a review"
        )

        _give_to(logins.SEAT, WITH_FAMILY)
        third = _short_call(stage, logins.CUSTOMERS[3], WITH_FAMILY)
        expect(seat.locator("#verdict-pass")).to_be_disabled()
        barred = seat.locator("#pass-barred")
        expect(barred).to_contain_text("周安然")
        expect(barred).to_contain_text("李文静")
        expect(barred).not_to_contain_text("许若涵")
        seat.locator("#verdict-partial").check(force=True)
        seat.click("#verdict-file")
        stage.seat.wait_for_presence("READY")
        _is_filed(third, Verdict.PARTIAL, TaskState.PENDING)
        expect(seat.locator("#day-filed")).to_have_text("3")
        expect(seat.locator("#news")).to_contain_text("许若涵")
    assert {screen: found for screen, found in wrong.items() if found} == {}


def test_one_case_without_touching_the_mouse(live_system: LiveSystem, tmp_path: Path) -> None:
    live_system.manage("load_demo")
    with seat_and_customer(live_system, tmp_path) as stage:
        seat, keys = stage.seat.page, stage.seat.page.keyboard
        stage.seat.log_in()
        stage.seat.get_ready()
        _call_in(stage, logins.CUSTOMERS[0], SINGLE)
        expect(seat.locator("#offer-accept")).to_be_visible()

        keys.press("Control+Enter")
        stage.seat.wait_for_presence("IN_CALL")
        stage.seat.sees("customer")
        call = _live(SINGLE)
        expect(seat.locator("#script-title")).to_contain_text("1 ·")
        keys.press("F8")
        expect(seat.locator("#script-title")).to_contain_text("2 ·")
        keys.press("F9")
        expect(seat.locator("#script-title")).to_contain_text("3 ·")
        expect(seat.locator("#dock [data-snapshot]")).to_have_count(1)
        keys.press("F4")
        keys.press("1")
        expect(seat.locator("#ribbon [data-count-tag]")).to_have_text("1")
        keys.press("Alt+k")
        keys.insert_text("客户已另行确认")
        keys.press("Control+Enter")
        expect(seat.locator("#script-title")).to_contain_text("4 ·")
        keys.press("Alt+v")
        expect(seat.locator("#lightbox figure")).to_have_count(2)
        keys.press("F8")  # not while something lies over the script
        keys.press("Escape")
        expect(seat.locator("#script-title")).to_contain_text("4 ·")
        _command(seat, "打开 贷款")
        expect(seat.locator("#pane-loan")).to_be_visible()

        seat.locator("#btn-end").focus()
        keys.down("Enter")
        expect(seat.locator("#release")).to_be_visible()
        keys.down("Enter")  # the key is still held and repeats
        keys.up("Enter")
        expect(seat.locator("#release")).to_be_visible()
        keys.press("Tab")
        expect(seat.locator(":focus")).to_have_text("仍要结束")
        keys.press("Enter")
        stage.seat.wait_for_presence("WRAP_UP")
        _command(seat, "意见 存疑")
        expect(seat.locator("#verdict-note")).to_be_focused()
        keys.insert_text("请复核身份")
        keys.press("Control+Enter")
        stage.seat.wait_for_presence("READY")

        _is_filed(call, Verdict.DOUBT, TaskState.PENDING)
        call.refresh_from_db()
        assert call.verdict_note == "请复核身份"
        _command(seat, "示忙 用餐")
        stage.seat.wait_for_presence("PAUSED")
        _command(seat, "示闲")
        stage.seat.wait_for_presence("READY")


def _wrong_with(page: Page) -> list[str]:
    """Where a mark stands on a time line is what it says, and each has its row of full size in the
    lists beside (WCAG 2.5.8: essential, equivalent)."""
    return [
        found
        for found in axe(page)
        # Marks and steps of the timeline lie where time puts them; the list beside it and the
        # player's buttons lead to the same moments (WCAG 2.5.8, equivalent).
        if not (
            found.startswith("target-size: ") and (".line__mark" in found or ".line__step" in found)
        )
    ]


def _call_in(stage: BothSides, phone: str, contract_no: str) -> None:
    stage.customer.open_task(phone, contract_no)
    stage.customer.agree()
    stage.customer.check_devices()
    stage.customer.call_in()


def _live(contract_no: str) -> Call:
    return Call.objects.select_related("task").get(
        task__contract_no=contract_no, state=CallState.LIVE
    )


def _command(page: Page, words: str) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.insert_text(words)
    page.keyboard.press("Enter")


def _an_unanswered_call_comes_back(stage: BothSides, wrong: dict[str, list[str]]) -> None:
    seat = stage.seat.page
    expect(seat.locator("#offer")).to_contain_text("张晓明")
    expect(seat).to_have_title("（来电）张晓明 · 视频面谈")
    wrong["offer"] = _wrong_with(seat)
    stage.seat.wait_for_presence("PAUSED")
    expect(seat.locator("#pill")).to_contain_text("示忙 · 未应答")
    expect(seat.locator("#welcome-title")).to_contain_text("未应答")
    expect(seat.locator("#queue li").first).to_contain_text("张晓明")
    parameters.set_value("offer_s", None, scope="global", by="test")
    seat.click("#ready")


def _work_through_some_of_the_script(seat: Page) -> None:
    title = seat.locator("#script-title")
    seat.click("#step-done")
    expect(title).to_contain_text("2 ·")
    seat.click("#btn-snapshot")
    expect(title).to_contain_text("3 ·")
    seat.click("#step-skip")
    seat.get_by_role("button", name="客户已另行确认").click()
    seat.click("#reason-go")
    expect(title).to_contain_text("4 ·")
    seat.click("#btn-tag")
    seat.keyboard.press("4")
    expect(seat.locator("#ribbon [data-count-tag]")).to_have_text("1")


def _a_reload_returns_to_the_call(stage: BothSides) -> None:
    seat = stage.seat.page
    seat.reload()
    stage.seat.wait_for_presence("IN_CALL")
    expect(seat.locator("#elsewhere")).to_be_hidden()
    stage.seat.sees("customer")
    stage.customer.sees("seat")
    expect(seat.locator("#script-title")).to_contain_text("4 ·")


def _a_second_window_asks_before_it_takes_over(stage: BothSides) -> None:
    first = stage.seat.page
    second = first.context.new_page()
    second.goto("/workbench/")
    expect(second.locator("#elsewhere")).to_be_visible()
    assert first.locator("body").get_attribute("data-presence") == "IN_CALL"
    expect(first.locator("#elsewhere")).to_be_hidden()
    second.get_by_role("button", name="在此接管").click()
    expect(second.locator("body")).to_have_attribute("data-screen", "call")
    expect(first.locator("#elsewhere")).to_be_visible()
    first.get_by_role("button", name="在此接管").click()
    expect(second.locator("#elsewhere")).to_be_visible()
    second.close()
    stage.seat.sees("customer")


def _the_lamp_says_what_is_missing(seat: Page, wrong: dict[str, list[str]]) -> None:
    box = seat.locator("#btn-end").bounding_box()
    assert box is not None
    seat.mouse.move(box["x"] + 20, box["y"] + 20)
    seat.mouse.down()
    release = seat.locator("#release")
    expect(release).to_be_visible()
    seat.mouse.up()
    expect(release).to_contain_text("必做步骤未完成：4 借款金额与期限确认、5 还款来源、6 结束语")
    expect(release).to_contain_text("第 3 步已跳过：客户已另行确认")
    expect(release).to_contain_text("干系人全部到场")
    wrong["release"] = _wrong_with(seat)
    seat.get_by_role("button", name="继续面谈").click()
    expect(seat.locator("body")).to_have_attribute("data-presence", "IN_CALL")
    _command(seat, "结束面谈")
    seat.get_by_role("button", name="仍要结束").click()


def _a_picture_is_deleted_and_a_tag_explained(seat: Page, call: Call) -> None:
    seat.locator("#review-shots [data-snapshot]").click()
    seat.get_by_role("button", name="删除…").click()
    expect(seat.locator("#reason-go")).to_be_disabled()
    seat.get_by_role("button", name="画面模糊").click()
    seat.click("#reason-go")
    expect(seat.locator("#review-shots [data-snapshot]")).to_have_count(0)
    shot = Snapshot.objects.get(call=call)
    assert (shot.deleted_at is not None, shot.delete_reason) == (True, "画面模糊")

    seat.locator("#review-marks").get_by_role("button", name="写备注").click()
    seat.fill("#reason-text", "说不出出生日期")
    seat.click("#reason-go")
    expect(seat.locator("#review-marks")).to_contain_text("说不出出生日期")
    assert call.events.get(kind="tag").payload["note"] == "说不出出生日期"
    assert AuditEntry.objects.filter(action="timeline.tag_note").count() == 1


def _short_call(stage: BothSides, phone: str, contract_no: str) -> Call:
    """From the list of the customer's app to the review."""
    _call_in(stage, phone, contract_no)
    stage.seat.accept()
    stage.seat.sees("customer")
    call = _live(contract_no)
    stage.seat.hang_up()
    return call


def _give_to(login: logins.DemoLogin, contract_no: str) -> None:
    """The appointment is `login`'s, and its time is now."""
    seat = Seat.objects.get(user__staff_no=login.username)
    for other in Appointment.objects.filter(seat=seat, state=AppointmentState.BOOKED):
        appointments.cancel(other.task_id, actor=SYSTEM)
    appointment = Appointment.objects.get(
        task__contract_no=contract_no, state=AppointmentState.BOOKED
    )
    Appointment.objects.filter(pk=appointment.pk).update(seat=seat)


def _is_filed(call: Call, verdict: Verdict, task_state: TaskState) -> None:
    call.refresh_from_db()
    assert (call.state, call.verdict) == (CallState.FILED, verdict)
    assert InterviewTask.objects.get(pk=call.task_id).state == task_state
    assert call.filed_at is not None
    assert call.filed_at <= timezone.now()
