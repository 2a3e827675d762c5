"""A phone without network comes back by itself; what it recorded meanwhile arrives and is shown as such."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from interviews.models import TimelineEvent
from interviews.services.calls import call_ms
from operations import demo_logins as logins
from parameters.models import Scope
from parameters.services import set_value
from recordings.models import Recording, RescueSegment
from tests.support.bad_way import bad_way, wait_with
from tests.support.stage import connect, seat_and_customer, stored_recording
from tests.support.system import LiveSystem

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.timeout(300)]
SINGLE = "YXD-2026-0318-00427"
COUNTDOWN = re.compile(r"^0?\d:\d\d$")
AWAY_MS = 7000  # after the three seconds that make a silence a loss
KEPT = """() => new Promise((resolve) => {
  const open = indexedDB.open("interview-rescue");
  open.onsuccess = () => {
    const rows = open.result.transaction("segments").objectStore("segments").getAll();
    rows.onsuccess = () => resolve(rows.result.length);
  };
})"""


def test_the_stretch_without_network_arrives_and_is_marked(
    live_system: LiveSystem, tmp_path: Path
) -> None:
    live_system.manage("load_demo")
    set_value("local_rescue", 1, scope=Scope.GLOBAL, by="test")
    with seat_and_customer(live_system, tmp_path) as stage:
        customer, seat = stage.customer.page, stage.seat.page
        with bad_way(customer) as path:
            call = connect(stage, phone=logins.CUSTOMERS[0], contract_no=SINGLE)
            wait_with(
                customer,
                lambda: customer.evaluate(KEPT) > 0,
                within_s=30,
                what="a whole stretch on the phone",
            )
            gaps = TimelineEvent.objects.filter(call=call, kind="gap")
            path.is_down = True
            lost = seat.locator("[data-countdown]")
            for countdown in (customer.locator("#reconnect-left"), lost):
                expect(countdown).to_have_text(COUNTDOWN, timeout=30_000)
            left = lost.inner_text()
            expect(lost).not_to_have_text(left)
            at_ms = gaps.get().at_ms
            wait_with(
                customer, lambda: call_ms(call) > at_ms + AWAY_MS, within_s=30, what="ten seconds"
            )
            path.is_down = False
            expect(lost).to_have_count(0, timeout=30_000)
            stage.seat.sees("customer")
            stage.customer.sees("seat")
            back = gaps.filter(until_ms__isnull=False)
            wait_with(customer, back.exists, within_s=30, what="the customer is back")
            got = RescueSegment.objects.filter(call=call)
            wait_with(customer, got.exists, within_s=60, what="what the phone recorded")
            stage.seat.hang_up()
            expect(customer.locator("#receipt-no")).to_be_visible(timeout=30_000)
            wait_with(
                customer,
                lambda: customer.evaluate(KEPT) == 0,
                within_s=30,
                what="the phone keeps nothing",
            )

        gap = gaps.get()
        segments = list(RescueSegment.objects.filter(call=call).order_by("start_ms"))
        assert segments[0].start_ms < gap.at_ms
        assert segments[-1].end_ms >= gap.at_ms
        assert {s.participant_id for s in segments} == {gap.participant_id}
        journal = (live_system.spool / str(call.pk) / "journal.jsonl").read_text().splitlines()
        noted = [line for line in map(json.loads, journal) if line.get("note") == "rescue"]
        assert {line["payload"]["source"] for line in noted} == {"customer_device"}

        recording, _copy = stored_recording(call, tmp_path)
        _it_is_one_timeline_with_a_gap(recording, gap)
        kinds = set(recording.objects_stored.values_list("kind", flat=True))
        assert "rescue" in kinds
        sealed = json.loads((live_system.spool / str(call.pk) / recording.manifest).read_text())
        rescued = [file for file in sealed["files"] if file["kind"] == "rescue"]
        assert {file["source"] for file in rescued} == {"customer_device"}

        # The seat's review plays it in the gap, and says whose recording it is.
        seat.get_by_role("button", name="下一中断").click()
        expect(seat.locator(".player__rescued:visible")).to_have_text("客户端补录")
    live_system.manage("check_invariants")


def _it_is_one_timeline_with_a_gap(recording: Recording, gap: TimelineEvent) -> None:
    """SDK-5: the recording never pauses; the one who was away has a second connection's track."""
    pictures = recording.tracks.filter(kind="video")
    own = pictures.filter(participant_id=str(gap.participant_id)).order_by("start_ms")
    before, after = own.first(), own.last()
    assert before is not None
    assert after is not None
    assert gap.until_ms is not None
    assert before.leg_no < after.leg_no
    assert before.end_ms <= gap.at_ms + 1000
    assert gap.until_ms - 1000 <= after.start_ms < after.end_ms
    seats = pictures.exclude(participant_id=str(gap.participant_id))
    assert {track.leg_no for track in seats} == {1}
