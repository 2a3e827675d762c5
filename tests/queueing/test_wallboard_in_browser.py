"""运行看板: a supervisor sees who is idle since when, pauses one and signs one out."""

from django.core.cache import cache
from playwright.sync_api import expect

from seats import services as seats
from seats.selectors import presence_of
from seats.states import Presence
from tests.queueing.test_line_page import ready_seat, supervisor
from tests.support.axe import axe
from tests.support.desk import IN_BROWSER, at_desk, wrong_with
from tests.support.factories import SEAT_ACTOR, make_call, make_seat

pytestmark = IN_BROWSER


def test_a_supervisor_sees_who_is_idle_and_acts_on_a_seat(base_url: str) -> None:
    cache.clear()
    first, second, talking = ready_seat(), ready_seat(), make_seat()
    make_call(seat=talking)
    client = supervisor("seats.supervise")

    with at_desk(base_url, client) as page:
        page.goto("/wallboard/")
        expect(page.locator("#calls tr")).to_have_count(1)
        wrong = wrong_with(page)
        page.locator("#states").get_by_role("button", name="示闲").click()
        rows = page.locator("#seats tr")
        expect(rows).to_have_count(2)
        expect(rows.first).to_contain_text(first.staff_no)
        wrong += wrong_with(page)

        row = page.locator(f"[data-seat='{first.pk}']")
        row.get_by_role("button", name="更多操作").click()
        page.get_by_role("button", name=f"{first.name}：示忙").click()
        assert presence_of(first.pk).state == Presence.READY  # a reason is asked for
        page.get_by_label(f"{first.name}：示忙或签出的原因").fill("辅导")
        wrong += axe(page)  # in the top layer: no box around it cuts it
        page.get_by_role("button", name=f"{first.name}：示忙").click()
        expect(rows).to_have_count(1)  # no longer idle
        page.locator("#seat-state").select_option("")
        expect(row).to_contain_text("辅导")

        other = page.locator(f"[data-seat='{second.pk}']")
        other.get_by_role("button", name="更多操作").focus()
        seats.pause(second.pk, reason="小休", actor=SEAT_ACTOR)
        expect(other).to_contain_text("小休")
        other.get_by_role("button", name="更多操作").click()
        page.get_by_role("button", name=f"{second.name}：签出").click()
        expect(other).to_have_count(0)

    assert wrong == []
    assert (presence_of(first.pk).state, presence_of(first.pk).reason) == ("PAUSED", "辅导")
    assert presence_of(second.pk).state == Presence.SIGNED_OUT
