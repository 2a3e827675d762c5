"""录像异常 and the page of a recording whose deletion was stopped half way, as one reads them."""

from playwright.sync_api import expect

from recordings import services
from tests.recordings.test_broken_deletions import half_deleted, hold
from tests.recordings.test_keeping import client_with, stored
from tests.support.axe import axe
from tests.support.desk import IN_BROWSER, at_desk, out_of_place

pytestmark = IN_BROWSER
__all__ = ["half_deleted", "stored"]


def test_what_is_gone_and_what_stays_can_be_read(base_url: str, half_deleted) -> None:
    gone, recording = half_deleted
    hold(recording)
    services.note_broken_deletions()

    with at_desk(base_url, client_with("videos.view")) as page:
        page.goto("/recordings/troubles/")
        row = page.locator("#troubles tbody tr")
        expect(row).to_contain_text("1 个已删除")
        wrong = [*axe(page), *out_of_place(page)]
        row.get_by_role("link").click()
        expect(page.locator(".hint--stop")).to_contain_text("法定保留中，其余文件不再删除")
        expect(page.get_by_role("row", name=gone).first).to_contain_text("已删除")
        wrong += out_of_place(page)

    assert wrong == []
