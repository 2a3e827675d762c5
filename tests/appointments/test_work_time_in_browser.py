"""工作时间 of several seats at once, and what the calendar then shows (SEAT-3, SEAT-4)."""

import datetime as dt

from django.utils import timezone
from playwright.sync_api import expect

from audit.models import AuditEntry
from seats.models import DayOff, WorkTime
from tests.appointments.test_work_time_page import supervisor
from tests.support.calendars import working_seat
from tests.support.desk import IN_BROWSER, at_desk, wrong_with
from tests.support.factories import make_seat

pytestmark = IN_BROWSER
MORNING, AFTERNOON = (dt.time(9), dt.time(12)), (dt.time(13, 30), dt.time(15))


def test_a_week_and_a_holiday_are_set_for_several_seats_and_stand_in_the_calendar(
    base_url: str,
) -> None:
    one, two, other = make_seat(), working_seat(10, 11), working_seat(10, 11)
    today = timezone.localdate()
    monday = today + dt.timedelta(days=7 - today.weekday())
    wednesday = monday + dt.timedelta(days=2)
    client = supervisor()

    with at_desk(base_url, client) as page:
        page.goto(f"/seats/hours?seat={one.pk}")
        page.get_by_role("checkbox", name=two.staff_no).check()
        page.get_by_label("周一", exact=True).fill("9-12、13:30-15")
        page.get_by_role("button", name="周二至周五同周一").click()
        expect(page.get_by_label("周五", exact=True)).to_have_value("9-12、13:30-15")
        expect(page.get_by_role("checkbox", name="每周工作时间")).to_be_checked()
        page.get_by_role("checkbox", name="休假与节假日").check()
        page.get_by_role("checkbox", name="全体坐席放假").check()
        page.locator("[name=off_first]").fill(wednesday.isoformat())
        page.locator("[name=off_note]").fill("司庆日")
        wrong = wrong_with(page)
        page.locator("#preview").get_by_role("button", name="预览").click()
        preview = page.locator("#preview")
        expect(preview).to_contain_text("周一、周二、周三、周四、周五")
        expect(preview).to_contain_text("10:00–11:00 → 09:00–12:00、13:30–15:00")
        expect(preview).to_contain_text(f"节假日 {wednesday.isoformat()} — → 司庆日")
        wrong += wrong_with(page)
        page.get_by_role("button", name="确定应用").click()
        expect(page.get_by_text("已应用")).to_be_visible()

        page.goto(f"/seats/{two.pk}/?from={monday.isoformat()}")
        days = page.locator(".month__day")
        expect(days.nth(0).locator(".slot").first).to_have_text("09:00")
        expect(days.nth(0)).to_contain_text("13:30")
        expect(days.nth(2)).to_contain_text("司庆日")
        expect(days.nth(2).locator(".slot")).to_have_count(0)
        expect(days.nth(9).locator(".slot").first).to_have_text("09:00")  # only that Wednesday
        expect(days.nth(5).locator(".slot")).to_have_count(0)
        wrong += wrong_with(page)

    assert wrong == []
    for seat in (one, two):
        rows = WorkTime.objects.filter(seat=seat).order_by("weekday", "start")
        assert list(rows.values_list("weekday", "start", "end")) == [
            (day, *hours) for day in range(5) for hours in (MORNING, AFTERNOON)
        ]
    assert WorkTime.objects.filter(seat=other, start=dt.time(10)).count() == 7
    off = DayOff.objects.get()
    assert (off.seat, off.first_day, off.last_day, off.note) == (
        None,
        wednesday,
        wednesday,
        "司庆日",
    )
    assert AuditEntry.objects.filter(action="seat.week_set").count() == 2
