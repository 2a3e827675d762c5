"""坐席管理 at a supervisor's desk: a seat is found, its calendar tells booked, held and free."""

from decimal import Decimal

from playwright.sync_api import expect

from accounts.models import Role
from appointments import services
from interviews.models import InterviewTask
from tests.queueing.test_line_page import supervisor
from tests.support.calendars import booked, free_tomorrow, working_seat
from tests.support.desk import IN_BROWSER, at_desk, wrong_with
from tests.support.factories import SEAT_ACTOR

pytestmark = IN_BROWSER


def test_a_seat_is_found_and_its_calendar_tells_held_from_free(base_url: str) -> None:
    role = Role.objects.create(code="seat", name="坐席", operations=["workbench.use"])
    seat, other = working_seat(), working_seat()
    for each in (seat, other):
        each.user.roles.add(role)
    slots = free_tomorrow(seat)
    appointment = booked(seat, slots[0].start)
    InterviewTask.objects.update(loan_amount=Decimal("380000.00"))
    services.hold(seat.pk, start=slots[1].start, holder="YXD-1", actor=SEAT_ACTOR)
    client = supervisor("seats.view")

    with at_desk(base_url, client) as page:
        page.goto("/seats/")
        rows = page.locator("#seats tbody tr")
        expect(rows).to_have_count(2)
        wrong = wrong_with(page)
        page.get_by_label("工号、姓名或机构").fill(seat.staff_no)
        page.get_by_role("button", name="查询").click()
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text(seat.name)

        page.get_by_role("link", name="日历").click()
        expect(page.locator(".slot--booked", has_text="380,000 元")).to_have_count(1)
        expect(page.locator(".month .slot--held")).to_have_count(1)
        wrong += wrong_with(page)
        page.get_by_role("link", name=appointment.task.customer_name).click()
        expect(page.locator(".seats__side")).to_contain_text("380,000 元")
        wrong += wrong_with(page)

    assert wrong == []
