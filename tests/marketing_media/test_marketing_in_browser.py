"""营销管理: an item is added, its film goes up with a pause, and the list says what is done with it."""

import hashlib
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from audit.models import AuditEntry
from marketing_media import views
from marketing_media.models import MediaItem, MediaUpload
from marketing_media.states import Encoding
from tests.marketing_media.conftest import client_of, person
from tests.support.desk import IN_BROWSER, at_desk, wrong_with

pytestmark = IN_BROWSER


def test_an_item_is_added_and_its_film_goes_up_paused_and_gone_on_with(
    base_url: str, small_film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = small_film.stat().st_size
    part = size // 4 + 1
    monkeypatch.setattr(views, "CHUNK_BYTES", part)
    parts: list[Route] = []

    def carry(route: Route) -> None:
        """The third part stays on its way until it is let go."""
        parts.append(route)
        if len(parts) != 3:
            route.continue_()

    with at_desk(base_url, client_of(person("M1", "media.manage"))) as page:
        page.route("**/uploads/*", carry)
        page.goto("/admin/marketing_media/mediaitem/")
        page.get_by_role("link", name="增加 营销素材").click()
        page.get_by_label("名称").fill("贷款用途提示")
        page.get_by_label("类别").select_option("risk_notice")
        page.get_by_role("button", name="添加另一个 产品素材").click()
        page.get_by_label("产品代码").first.fill("YXD")
        wrong = wrong_with(page)
        page.get_by_role("button", name="保存", exact=True).click()
        expect(page.get_by_text("已保存，请上传音视频文件。")).to_be_visible()
        expect(page.get_by_text("尚无可播放的文件")).to_be_visible()
        page.wait_for_load_state()

        file, told = page.locator("[data-media-file]"), page.locator("[data-media-progress-text]")
        bar, pause = page.locator("progress"), page.get_by_role("button", name="暂停")
        file.set_input_files(small_film)
        expect(bar).to_have_js_property("value", 2 * part / size)
        expect(told).to_contain_text("上传中")
        wrong += wrong_with(page)
        pause.click()
        parts[2].continue_()
        expect(told).to_have_text("已暂停；再次选择同一文件即从断点继续。")
        expect(bar).to_have_js_property("value", 3 * part / size)
        expect(pause).to_be_hidden()
        assert MediaUpload.objects.get().received == 3 * part

        file.set_input_files(small_film)
        expect(page.locator("[data-media-chip]")).to_have_text("等待转码")
        expect(told).to_have_text("等待转码 0%")
        wrong += wrong_with(page)
        page.goto("/admin/marketing_media/mediaitem/")
        row = page.locator("#result_list tbody tr")
        expect(row).to_contain_text("贷款用途提示")
        expect(row).to_contain_text("等待转码")
        expect(row).to_contain_text("YXD（手工）")
        wrong += wrong_with(page)
        sent = [int(each.request.headers["upload-offset"]) for each in parts]

    assert wrong == []
    assert sent == [0, part, 2 * part, 3 * part], "nothing went twice"
    item = MediaItem.objects.get()
    assert (item.encoding, item.source_name) == (Encoding.WAITING, small_film.name)
    assert item.source_sha256 == hashlib.sha256(small_film.read_bytes()).hexdigest()
    assert not MediaUpload.objects.exists()
    actions = AuditEntry.objects.filter(object_type="media_item").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == ["media.added", "media.uploaded"]
