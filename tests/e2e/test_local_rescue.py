"""A phone without network comes back by itself; what it recorded meanwhile arrives and is shown as such."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from operations import demo_logins as logins
from parameters.models import Scope
from parameters.services import set_value
from recordings.models import RescueSegment
from tests.support.absence import be_away, is_one_timeline
from tests.support.bad_way import bad_way, wait_with
from tests.support.stage import connect, seat_and_customer, stored_recording
from tests.support.system import LiveSystem

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.timeout(300)]
SINGLE = "YXD-2026-0318-00427"
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
    with (
        bad_way(live_system.port) as way,
        seat_and_customer(live_system, tmp_path, way=way) as stage,
    ):
        customer, seat = stage.customer.page, stage.seat.page
        call = connect(stage, phone=logins.CUSTOMERS[0], contract_no=SINGLE)
        wait_with(
            customer,
            lambda: customer.evaluate(KEPT) > 0,
            within_s=30,
            what="a whole stretch on the phone",
        )
        absence = be_away(stage, way, call, for_s=10)
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

        gap = absence.gap
        segments = list(RescueSegment.objects.filter(call=call).order_by("start_ms"))
        assert segments[0].start_ms < gap.at_ms
        assert segments[-1].end_ms >= gap.at_ms
        assert {s.participant_id for s in segments} == {gap.participant_id}
        journal = (live_system.spool / str(call.pk) / "journal.jsonl").read_text().splitlines()
        noted = [line for line in map(json.loads, journal) if line.get("note") == "rescue"]
        assert {line["payload"]["source"] for line in noted} == {"customer_device"}

        recording, _copy = stored_recording(call, tmp_path)
        is_one_timeline(recording, absence)
        kinds = set(recording.objects_stored.values_list("kind", flat=True))
        assert "rescue" in kinds
        sealed = json.loads((live_system.spool / str(call.pk) / recording.manifest).read_text())
        rescued = [file for file in sealed["files"] if file["kind"] == "rescue"]
        assert {file["source"] for file in rescued} == {"customer_device"}

        # The seat's review plays it in the gap, and says whose recording it is.
        seat.get_by_role("button", name="下一中断").click()
        expect(seat.locator(".player__rescued:visible")).to_have_text("客户端补录")
    live_system.manage("check_invariants")
