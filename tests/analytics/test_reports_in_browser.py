"""统计分析 in a real browser: the figures stand in full rows on every usual screen."""

from collections import Counter

import pytest
from django.urls import reverse

from tests.analytics.test_reports import a_call
from tests.qc.test_pages import person
from tests.support.desk import IN_BROWSER, at_desk, out_of_place

pytestmark = IN_BROWSER


@pytest.mark.parametrize("width", [1024, 1280, 1440, 1920])
def test_the_figures_stand_in_full_rows(base_url: str, width: int) -> None:
    a_call(talk_s=4000)

    with at_desk(base_url, person("M1", "reports.view")) as page:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(reverse("analytics:overview"))
        boxes = [tile.bounding_box() for tile in page.locator(".rec__figure").all()]
        wrong = out_of_place(page)

    rows = Counter(round(box["y"]) for box in boxes if box)
    assert sum(rows.values()) == 9
    assert len(set(rows.values())) == 1, rows
    assert wrong == []
