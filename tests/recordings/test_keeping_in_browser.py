"""容量与保管, and a recording whose raw files are being brought back for a rebuild, as one reads them."""

import shutil
from pathlib import Path

from django.conf import settings
from django.urls import reverse
from playwright.sync_api import expect

from recordings import services, tasks
from recordings.models import Recording, RetentionRule
from tests.recordings.test_keeping import client_with, stored
from tests.support.axe import axe
from tests.support.desk import IN_BROWSER, at_desk, out_of_place
from tests.support.factories import SEAT_ACTOR

pytestmark = IN_BROWSER
__all__ = ["stored"]


def test_sums_say_as_of_when_and_a_rebuild_how_far_it_is(base_url: str, stored: Recording) -> None:
    RetentionRule.objects.create(months=60)
    services.place_hold(stored.call.task.contract_no, reason="诉讼", actor=SEAT_ACTOR)
    tasks.keep()
    shutil.rmtree(Path(settings.SPOOL_DIR) / str(stored.call_id))
    services.rebuild(stored.pk, actor=SEAT_ACTOR)
    Recording.objects.update(progress=0.4, error="StoreAway: 503", attempts=1)

    with at_desk(base_url, client_with("videos.view")) as page:
        page.goto(reverse("recordings:capacity"))
        expect(page.get_by_text("入库数据统计截至")).to_be_visible()
        expect(page.get_by_text(stored.call.task.contract_no)).to_be_visible()
        wrong = [*axe(page), *out_of_place(page)]
        page.goto(reverse("recordings:troubles"))
        expect(page.locator("#troubles tbody tr")).to_contain_text("重建中")
        wrong += [*axe(page), *out_of_place(page)]
        page.goto(reverse("recordings:detail", args=[stored.call_id]))
        expect(page.locator("#upload")).to_contain_text("正在取回原始文件以重建 40%")
        expect(page.get_by_text("起算事件尚未发生，至少保管至")).to_be_visible()
        wrong += out_of_place(page)

    assert wrong == []
