"""回放 in a real browser: the tracks apart, or the copy made of them."""

from playwright.sync_api import expect

from recordings import services
from recordings.states import Stage
from tests.recordings.conftest import MakeEnded
from tests.recordings.test_keeping import client_with
from tests.support.desk import IN_BROWSER, at_desk, out_of_place
from tests.support.waiting import wait_for

pytestmark = IN_BROWSER
WIDTHS = """() => [...document.querySelectorAll("video")]
  .filter(each => each.readyState > 1 && !each.hidden).map(each => each.videoWidth)"""


def test_who_looks_may_see_the_tracks_apart_or_the_composed_copy(
    base_url: str, ended_call: MakeEnded
) -> None:
    call = ended_call()
    recording = services.ensure_recording(call.pk)
    assert services.process(recording.pk) is Stage.STORED

    with at_desk(base_url, client_with("videos.view")) as page:
        page.goto(f"/recordings/{call.pk}/")
        expect(page.locator(".player__tile")).to_have_count(2)
        composed = page.get_by_role("button", name="合成画面")
        expect(composed).to_have_attribute("aria-pressed", "false")

        composed.click()
        expect(page.locator(".player__tile")).to_have_count(1)
        wait_for(lambda: page.evaluate(WIDTHS) == [854], within_s=10, what="the copy is shown")
        wrong = out_of_place(page)

        composed.click()
        expect(page.locator(".player__tile")).to_have_count(2)

    assert wrong == []
