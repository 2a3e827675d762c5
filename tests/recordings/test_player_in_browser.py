"""回放 in a real browser: the tracks apart, or the copy made of them."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

from django.conf import settings
from playwright.sync_api import expect

from recordings import services
from recordings.states import Stage
from tests.recordings.conftest import MakeEnded
from tests.recordings.test_keeping import client_with
from tests.support.desk import IN_BROWSER, at_desk, out_of_place
from tests.support.footage import make_call_folder, two_people
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


READ = """() => [...document.querySelectorAll("video")]
  .map(each => each.src.match(/[.]([0-9]{3})[.]mkv/)[1]).sort()"""
# the clock stands at 60.5 s, half a second into the second parts
SHOWN_LATER = """() => [...document.querySelectorAll("video")]
  .filter(each => !each.hidden && each.readyState > 1 && !each.seeking && each.currentTime < 1).length"""


def test_only_the_parts_near_the_clock_are_read(base_url: str, ended_call: MakeEnded) -> None:
    call = ended_call(folder=False)
    seconds = 62.0
    call.live_at, call.ended_at = (
        call.clock_started_at,
        call.clock_started_at + dt.timedelta(seconds=seconds),
    )
    call.save()
    first = [
        replace(take, participant_id=str(place.pk), ended=True)
        for take, place in zip(two_people(2.0), call.participants.order_by("-role"), strict=True)
    ]
    later = [replace(take, part=2, from_s=60.0, until_s=seconds) for take in first]
    make_call_folder(Path(settings.SPOOL_DIR), str(call.pk), [*first, *later], seconds)
    services.ensure_recording(call.pk)

    with at_desk(base_url, client_with("videos.view")) as page:
        page.goto(f"/recordings/{call.pk}/")
        expect(page.locator(".player__tile")).to_have_count(2)
        wait_for(lambda: page.evaluate(READ) == ["001", "001"], within_s=10, what="first parts")

        page.goto(f"/recordings/{call.pk}/#ms=60500")
        page.reload()
        wait_for(lambda: page.evaluate(READ) == ["002", "002"], within_s=10, what="later parts")
        wait_for(lambda: page.evaluate(SHOWN_LATER) == 2, within_s=10, what="later pictures")


def test_the_ribbon_has_lanes_for_what_was_played_and_shared_and_who_listened(
    base_url: str, ended_call: MakeEnded
) -> None:
    call = ended_call()
    for kind, payload in (("media", {"title": "风险告知"}), ("supervision", {"silent": True})):
        call.events.create(kind=kind, at_ms=200, until_ms=1800, payload=payload)
    services.ensure_recording(call.pk)

    with at_desk(base_url, client_with("videos.view")) as page:
        page.goto(f"/recordings/{call.pk}/")
        expect(page.locator(".line__content")).to_have_text(["播放 风险告知", "主管旁听"])
        expect(page.get_by_text("播放与共享")).to_be_visible()
        expect(page.get_by_text("主管在场")).to_be_visible()
        assert out_of_place(page) == []
