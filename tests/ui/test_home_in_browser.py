"""首页: what waits for a supervisor and for a reviewer, and where the tiles and doors lead."""

import datetime as dt

from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from appointments.models import Appointment
from qc import services as qc
from tests.accounts.test_user_pages import entered
from tests.operations.test_today import doubted
from tests.queueing.test_line_page import calling
from tests.support.desk import IN_BROWSER, at_desk, wrong_with
from tests.support.factories import make_seat, make_task
from ui.doors import doors_of

pytestmark = IN_BROWSER


def tile(page: Page, label: str) -> Locator:
    return page.get_by_label("今日待办").get_by_role("link", name=label)


def waits(page: Page) -> list[tuple[str, str]]:
    """Label and number of each tile, as they stand."""
    tiles = page.get_by_label("今日待办").get_by_role("link").all()
    return [(each.locator("span").inner_text(), each.locator("b").inner_text()) for each in tiles]


def through_the_doors(page: Page, user: User) -> list[str]:
    """Every door is gone through and opens what it is called; what is wrong there."""
    wrong = []
    labels = page.get_by_role("navigation", name="功能").locator("b").all_inner_texts()
    assert labels == [str(door.label) for door in doors_of(user)]
    for label in labels:
        page.goto("/")
        page.get_by_role("navigation", name="功能").get_by_role("link", name=label).click()
        here = page.locator("h1, nav [aria-current=page]").filter(has_text=label)
        expect(here.first).to_be_visible()
        wrong += [f"{label}: {each}" for each in wrong_with(page)]
    return wrong


def test_a_supervisor_sees_who_waits_and_enters_the_modules(base_url: str) -> None:
    waiting = calling()
    now = timezone.now()
    Appointment.objects.create(
        task=make_task(),
        seat=make_seat(),
        slot=(now, now + dt.timedelta(minutes=30)),
        booked_by="t",
    )
    operations = ("dispatch.view", "seats.view", "reports.view", "scripts.view", "parameters.view")
    client = entered("M9", *operations)

    with at_desk(base_url, client) as page:
        page.goto("/")
        expect(page.get_by_role("heading", level=1)).to_have_text("您好，M9")
        assert waits(page) == [("正在排队", "1"), ("今日未完成预约", "1")]
        wrong = wrong_with(page)
        tile(page, "正在排队").click()
        expect(page.get_by_role("region", name="排队", exact=True)).to_contain_text("1人")
        page.get_by_role("link", name="排队明细").click()
        expect(page.get_by_text(waiting.task.contract_no)).to_be_visible()
        page.goto("/")
        tile(page, "今日未完成预约").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("坐席管理")
        page.goto("/")
        wrong += through_the_doors(page, User.objects.get(staff_no="M9"))

    assert wrong == []


def test_a_reviewer_sees_the_reviews_in_hand_and_those_to_be_claimed(base_url: str) -> None:
    open_one, own = doubted(), doubted()
    client = entered("Q1", "qc.review", "qc.view", "videos.view")
    reviewer = User.objects.get(staff_no="Q1")
    qc.claim(own.pk, reviewer=reviewer)

    with at_desk(base_url, client) as page:
        page.goto("/")
        assert waits(page) == [
            ("我手上的复核", "1"),
            ("待认领的复核", "1"),
            ("七天内抽检问题", "0"),
            ("录像异常", "0"),
        ]
        wrong = wrong_with(page)
        tile(page, "我手上的复核").click()
        expect(page.locator("#reviews tbody tr")).to_have_count(1)
        expect(page.locator("#reviews tbody")).to_contain_text(own.call.task.contract_no)
        page.goto("/")
        tile(page, "待认领的复核").click()
        expect(page.locator("#reviews tbody")).to_contain_text(open_one.call.task.contract_no)
        page.goto("/")
        tile(page, "录像异常").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("录像异常")
        page.goto("/")
        wrong += through_the_doors(page, reviewer)

    assert wrong == []
