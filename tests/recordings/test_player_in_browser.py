"""回放 in a real browser: the tracks apart, the copy made of them, or its reel."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

from django.conf import settings
from playwright.sync_api import expect

from audit.models import AuditEntry
from recordings import services
from recordings.states import Stage
from tests.recordings.conftest import MakeEnded
from tests.recordings.test_keeping import client_with
from tests.recordings.test_reel import a_step
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


def test_a_reel_is_asked_for_and_plays_in_the_same_player_with_the_viewers_mark(
    base_url: str, ended_call: MakeEnded
) -> None:
    call = ended_call()
    recording = services.ensure_recording(call.pk)
    assert services.process(recording.pk) is Stage.STORED
    a_step(call, 1, 100, 900)
    call.events.create(kind="tag", at_ms=1500, payload={"kind": "risk", "note": "流水"})

    with at_desk(base_url, client_with("videos.view")) as page:
        page.goto(f"/recordings/{call.pk}/")
        reel = page.get_by_role("button", name="要点集锦", exact=True)
        expect(reel).to_be_hidden()
        page.get_by_role("button", name="生成要点集锦").click()
        expect(page.locator("#reel")).to_contain_text("要点集锦生成中 0%")
        assert services.make_reel(recording.pk)
        expect(reel).to_be_visible()
        expect(page.locator("#reel")).to_be_hidden()

        reel.click()
        expect(page.locator(".player__tile")).to_have_count(1)
        expect(page.locator(".player__mark")).to_be_visible()
        wait_for(lambda: page.evaluate(WIDTHS) == [854], within_s=10, what="the reel is shown")
        page.get_by_role("button", name="播放", exact=True).click()
        paused = page.locator(".player__time", has_text="00:00 / 00:02")
        expect(page.get_by_role("button", name="播放", exact=True)).to_be_visible()
        assert paused.count() == 1
        wrong = out_of_place(page)

        page.get_by_role("link", name="00:00:01").first.click()  # the tag is not in the reel
        expect(reel).to_have_attribute("aria-pressed", "false")
        expect(page.locator(".player__tile")).to_have_count(2)
        page.goto("about:blank")
        watched = AuditEntry.objects.filter(action="recording.watched")
        wait_for(watched.exists, within_s=10, what="what was watched is noted")

    assert wrong == []
    assert AuditEntry.objects.filter(action="recording.opened", payload__contains="reel").exists()
