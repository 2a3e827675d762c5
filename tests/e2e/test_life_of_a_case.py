"""A case from the booking to 放款 in the bank's own pages: reschedule, doubt, second interview, reverse flow."""

import datetime as dt
import os
from pathlib import Path

import pytest
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from playwright.sync_api import Page, expect

from appointments.models import Appointment, AppointmentPerson
from credit_bridge.models import CreditCase, CreditTask
from interviews.models import Call, InterviewTask
from interviews.states import RUNNING, CallState
from operations import demo_logins as logins
from tests.support.stage import BothSides, seat_and_customer
from tests.support.system import LiveSystem
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.timeout(300)]
CASE, PHONE = "FDJY-2026-1113-00672", "13800000019"
LOAN = f"/demo/customer/loan/{CASE}?phone={PHONE}"
LOOK = os.environ.get("LOOK_AT_PICTURES")


def look(page: Page, name: str) -> None:
    if LOOK:
        page.screenshot(path=f"{LOOK}/{name}.png", full_page=True)


def told(**fields: object) -> None:
    """The credit system's book says so, sooner or later."""
    wait_for(
        lambda: CreditTask.objects.filter(case__contract_no=CASE, **fields).exists(),
        within_s=20,
        what=f"{fields} in the credit system's book",
    )


def book(page: Page) -> None:
    page.goto(f"/demo/manager/{CASE}")
    page.click("#submit-interview")
    page.locator(f"[data-seat='{logins.SEAT.username}']").click()
    page.locator(".slot:has(input:enabled)").first.click()
    page.locator("[data-submit]").click()
    expect(page.get_by_role("heading", name="面谈任务已生成")).to_be_visible()


def choose_another_time(page: Page, index: int) -> None:
    page.goto(LOAN)
    page.locator("[data-reschedule]").click()
    # Another day, all of which is to come: of this one little may be left when the test runs.
    day = page.locator("a.day:not([aria-current])").first
    date = day.get_attribute("data-day")
    day.click()
    expect(page.locator(f"a.day[data-day='{date}']")).to_have_attribute("aria-current", "date")
    page.locator(".slot:has(input:enabled)").nth(index).click()
    look(page, "customer-reschedule")
    page.locator("[data-submit]").click()
    expect(page.locator(".sheet")).to_have_count(0)


@transaction.atomic
def let_the_time_come() -> None:
    """The booked slot is now: what a test does instead of waiting for tomorrow."""
    row = Appointment.objects.get(task__contract_no=CASE, state="BOOKED")
    others = Appointment.objects.filter(seat=row.seat, state="BOOKED").exclude(pk=row.pk)
    AppointmentPerson.objects.filter(appointment__in=others).update(live=False)
    others.update(state="CANCELLED")
    start = timezone.now() - dt.timedelta(minutes=1)
    slot = DateTimeTZRange(start, start + dt.timedelta(minutes=40))
    Appointment.objects.filter(pk=row.pk).update(slot=slot)
    AppointmentPerson.objects.filter(appointment=row).update(slot=slot)


def call(stage: BothSides) -> Call:
    """From the customer's list into a live call; the seat is ready. Consent is given once."""
    customer = stage.customer
    customer.open_task(PHONE, CASE)
    page = customer.page
    page.locator("#consent-check:visible, #device-ok:visible, #call-in:visible").first.wait_for()
    if page.locator("#consent-check").is_visible():
        customer.agree()
    customer.check_devices()
    customer.call_in()
    stage.seat.accept()
    stage.seat.sees("customer")
    return Call.objects.get(task__contract_no=CASE, state=CallState.LIVE)


def file(stage: BothSides, verdict: str, note: str = "") -> None:
    page = stage.seat.page
    page.locator(f"#verdict-{verdict}").check(force=True)
    if note:
        page.fill("#verdict-note", note)
    page.locator("#verdict-file:enabled").click()
    stage.seat.wait_for_presence("READY")


def test_a_case_lives_from_its_booking_to_the_disbursement(
    live_system: LiveSystem, tmp_path: Path
) -> None:
    with seat_and_customer(live_system, tmp_path) as stage:
        context = stage.customer.page.context
        manager, clerk = context.new_page(), context.new_page()
        customer = stage.customer.page

        book(manager)
        told(generation=1, state="PENDING", slot_state="BOOKED")
        manager.goto(f"/demo/manager/{CASE}/booked")
        expect(manager.locator("[data-sms=SENT]")).to_have_count(1)
        expect(manager.get_by_role("button", name="提交面签")).to_be_disabled()

        customer.goto(LOAN)
        expect(customer.locator("[data-call]")).to_be_disabled()
        look(customer, "customer-before")
        choose_another_time(customer, 2)

        let_the_time_come()
        customer.goto(LOAN)
        expect(customer.locator("[data-call]")).to_be_enabled()
        expect(customer.locator("[data-reschedule]")).to_have_count(0)
        look(customer, "customer-in-slot")
        stage.seat.log_in()
        stage.seat.get_ready()
        first = call(stage)
        stage.seat.hang_up()
        file(stage, "doubt", "客户对方案有异议")
        told(generation=1, state="PENDING", slot_state="KEPT")

        choose_another_time(customer, 0)
        let_the_time_come()
        second = call(stage)

        clerk.goto("/demo/credit/")
        row = clerk.locator(f"[data-credit='{CASE}']")
        row.locator("[name=reason]").fill("客户更换贷款方案")
        row.get_by_role("button", name="退回面谈").click()
        wait_for(
            lambda: not Call.objects.filter(task__contract_no=CASE, state__in=RUNNING).exists(),
            within_s=20,
            what="the running call of the superseded task to end",
        )
        second.refresh_from_db()
        assert (second.state, second.end_reason) == (CallState.ENDED, "superseded")
        stage.seat.wait_for_presence("WRAP_UP")
        file(stage, "doubt", "案件已退回")
        told(generation=2, state="PENDING")

        book(manager)
        let_the_time_come()
        call(stage)
        stage.seat.hang_up()
        file(stage, "pass")
        told(generation=2, state="PASSED")

        manager.goto(f"/demo/manager/{CASE}")
        expect(manager.locator("#history [data-generation]")).to_have_count(2)
        look(manager, "manager-history")
        manager.click("#to-signing")
        manager.get_by_role("button", name="提交面签").click()
        manager.wait_for_url(f"**/demo/manager/{CASE}")
        for name in ("登记公证", "登记已出他证", "登记放款"):
            clerk.goto("/demo/credit/")
            row.get_by_role("button", name=name).click()
            clerk.wait_for_url("**/demo/credit/")
        customer.goto(LOAN)
        expect(customer.locator(".node--done")).to_have_count(8)
        look(customer, "customer-disbursed")

    old, new = InterviewTask.objects.filter(contract_no=CASE).order_by("generation")
    assert old.superseded_at is not None
    assert (old.state, new.state) == ("PENDING", "PASSED")
    assert set(old.calls.values_list("pk", flat=True)) == {first.pk, second.pk}
    assert CreditCase.objects.get(contract_no=CASE).node == "DISBURSED"
