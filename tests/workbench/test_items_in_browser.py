"""A prepared item that has to come to the media worker first, at the seat's desk (WB-16)."""

from pathlib import Path

from django.test import Client
from playwright.sync_api import expect
from pytest_django.fixtures import Settings

from interviews.models import PlayOut
from tests.support.bad_way import wait_with
from tests.support.desk import IN_BROWSER, at_desk, wrong_with
from tests.support.fake_worker import fake_worker
from tests.support.media import put_item
from tests.workbench.test_recording_lamp_in_browser import running_call

pytestmark = IN_BROWSER


def test_a_large_item_says_how_far_it_is_until_it_plays_and_can_be_cancelled(
    base_url: str, settings: Settings
) -> None:
    call = running_call()
    item = put_item(
        Path(settings.STORAGE_DIR),
        product_code=call.task.product_code,
        title="风险提示",
        seconds=1,
    )
    client = Client()
    client.force_login(call.seat.user, backend="django.contrib.auth.backends.ModelBackend")

    with fake_worker(call) as worker, at_desk(base_url, client) as page:
        worker.here_percent = 45
        page.goto("/workbench/")
        page.get_by_role("tab", name="素材").click()
        row = page.locator(f"[data-item='{item.pk}']")

        row.get_by_role("button", name="播放 风险提示").click()
        expect(row).to_contain_text("素材正在传送（已完成 45%），传完即播放。")
        wrong = wrong_with(page)
        row.get_by_role("button", name="取消 风险提示").click()
        expect(row).not_to_contain_text("正在传送")
        assert worker.told("play") == []

        row.get_by_role("button", name="播放 风险提示").click()
        expect(row).to_contain_text("已完成 45%")
        worker.here_percent = 100
        wait_with(
            page,
            PlayOut.objects.filter(call=call, item_id=item.pk).exists,
            within_s=10,
            what="it plays",
        )
        expect(page.locator("[data-play]")).to_contain_text("风险提示")
        expect(row).not_to_contain_text("正在传送")

    assert len(worker.told("play")) == 1
    assert wrong == []
