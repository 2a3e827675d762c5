"""A customer whose media path goes away comes back by itself, into one recording (M11, SDK-5)."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from interviews.models import Call
from operations import demo_logins as logins
from parameters.services import set_value
from tests.support.detour import detoured
from tests.support.readback import read_mp4
from tests.support.stage import connect, seat_and_customer, stored_recording
from tests.support.system import LiveSystem
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.fault, pytest.mark.timeout(300)]
SINGLE = "YXD-2026-0318-00427"


@pytest.mark.parametrize(
    ("away_s", "window_s"),
    [
        pytest.param(10, 180, id="10s"),
        pytest.param(60, 180, id="60s"),
        # 170 of 180 seconds, with the window made shorter: ten seconds are left as well.
        pytest.param(20, 30, id="ten-seconds-before-the-window-ends"),
    ],
)
def test_after_an_interruption_the_customer_is_back_and_the_recording_went_on(
    live_system: LiveSystem, tmp_path: Path, away_s: int, window_s: int
) -> None:
    live_system.manage("load_demo")
    if window_s != 180:
        set_value("reconnect_window_s", window_s, scope="global", by="test")
    with (
        seat_and_customer(live_system, tmp_path) as stage,
        detoured(stage.customer.page) as network,
    ):
        call = connect(stage, phone=logins.CUSTOMERS[0], contract_no=SINGLE)
        seat, customer = stage.seat.page, stage.customer.page
        place = call.participants.get(role="customer")
        wait_for(
            lambda: int(seat.locator("#proof").get_attribute("data-proof-bytes") or 0) > 100_000,
            within_s=30,
            what="some seconds of recording",
        )
        written = int(seat.locator("#proof").get_attribute("data-proof-bytes") or 0)

        network.is_down = True
        gone = seat.evaluate("Date.now()")
        expect(seat.locator(".tile--lost [data-countdown]")).to_contain_text(":", timeout=15_000)
        expect(customer.locator("#reconnect-left")).to_be_visible(timeout=15_000)
        shown = seconds_of(customer.locator("#reconnect-left").inner_text())
        assert window_s - 15 <= shown <= window_s
        customer.wait_for_function(
            "until => Date.now() > until", arg=gone + away_s * 1000, timeout=(away_s + 20) * 1000
        )
        left = seconds_of(customer.locator("#reconnect-left").inner_text())
        assert left < window_s - away_s + 8
        network.is_down = False

        wait_for(
            lambda: Call.objects.get(pk=call.pk).participants.filter(state="PRESENT").count() == 2,
            within_s=25,
            what="the customer back",
        )
        stage.customer.sees("seat")
        expect(seat.locator(".tile--lost")).to_have_count(0)
        stage.seat.sees("customer")
        expect(customer.locator("#reconnect-left")).to_be_hidden()
        now = int(seat.locator("#proof").get_attribute("data-proof-bytes") or 0)
        assert now > written + away_s * 10_000  # the seat was recorded all the time
        stage.seat.hang_up()

    call.refresh_from_db()
    assert call.media_epoch == 1
    (gap,) = call.events.filter(kind="gap")
    assert gap.participant_id == place.pk
    assert gap.until_ms is not None
    gap_s = (gap.until_ms - gap.at_ms) / 1000
    assert away_s - 2 <= gap_s <= away_s + 25
    _recording, path = stored_recording(call, tmp_path)
    back = read_mp4(path, tiles=2)
    assert call.ended_at is not None
    span_s = (call.ended_at - call.clock_started_at).total_seconds()
    assert abs(back.duration_s - span_s) <= 0.5
    middle = (gap.at_ms + gap.until_ms) / 2000
    around = [
        [reading is not None for at, reading in tile.readings if abs(at - middle) < 2]
        for tile in back.tiles
    ]
    assert sorted(any(seen) for seen in around) == [False, True], "one pictured, one with a card"
    for tile in back.tiles:
        assert any(at > gap.until_ms / 1000 and seen for at, seen in tile.readings)


def seconds_of(shown: str) -> int:
    minutes, seconds = shown.split(":")
    return int(minutes) * 60 + int(seconds)
