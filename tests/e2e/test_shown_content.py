"""What the seat shows to everybody, in two real browsers: a played item and a region of its page."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from interviews.models import Call, PlayOut
from interviews.states import PlayState
from operations import demo_logins as logins
from tests.support.actors import wait_for_moving
from tests.support.media import put_item
from tests.support.stage import connect, seat_and_customer
from tests.support.system import LiveSystem
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.timeout(240)]
SINGLE = "YXD-2026-0318-00427"
LOOK = os.environ.get("LOOK_AT_PICTURES")


def look(page: Page, name: str) -> None:
    if LOOK:
        page.screenshot(path=f"{LOOK}/{name}.png")


def colour_at(page: Page, selector: str, x: float, y: float) -> list[int]:
    """Red, green, blue of the video's picture at a share of its width and height."""
    return page.evaluate(
        """([selector, x, y]) => {
            const video = document.querySelector(selector);
            const canvas = document.createElement("canvas");
            canvas.width = video.videoWidth; canvas.height = video.videoHeight;
            const context = canvas.getContext("2d");
            context.drawImage(video, 0, 0);
            return [...context.getImageData(Math.round(x * canvas.width), Math.round(y * canvas.height), 1, 1).data].slice(0, 3);
        }""",
        [selector, x, y],
    )


def journal(system: LiveSystem, call: Call) -> list[dict[str, Any]]:
    lines = (system.spool / str(call.pk) / "journal.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_everybody_sees_what_the_seat_plays_and_shares(
    live_system: LiveSystem, tmp_path: Path
) -> None:
    live_system.manage("load_demo")
    item = put_item(live_system.storage, product_code="YXD", title="风险提示", seconds=8)
    with seat_and_customer(live_system, tmp_path) as stage:
        call = connect(stage, phone=logins.CUSTOMERS[0], contract_no=SINGLE)
        seat, customer = stage.seat.page, stage.customer.page

        seat.keyboard.press("Alt+p")
        seat.locator(f"[data-item='{item.pk}'] button").click()
        wait_for_moving(customer, "video[data-role=content]")
        wait_for_moving(seat, "video[data-tile=media]")
        expect(customer.locator("#content-title")).to_have_text("正在播放：风险提示")
        look(seat, "seat-playing")
        look(customer, "customer-playing")
        seat.keyboard.press("Alt+p")
        expect(customer.locator("#content-title")).to_have_text("坐席已暂停：风险提示")
        seat.locator("[data-play=PAUSED]").wait_for()
        seat.keyboard.press("Alt+p")
        expect(customer.locator("#content")).to_be_hidden(timeout=30_000)
        play = PlayOut.objects.select_related("event").get(call=call)
        assert play.state == PlayState.ENDED
        assert play.event.until_ms is not None

        seat.click("#tab-customer")
        seat.keyboard.press("Alt+s")
        seat.locator(".party-card").first.click()
        wait_for_moving(customer, "video[data-role=content]")
        wait_for_moving(seat, "video[data-tile=share]")
        box = seat.locator("#share-draw").bounding_box()
        assert box is not None
        seat.click("[data-tool=highlight]")
        seat.mouse.move(box["x"] + 10, box["y"] + box["height"] / 2)
        seat.mouse.down()
        seat.mouse.move(box["x"] + box["width"] - 10, box["y"] + box["height"] / 2, steps=8)
        seat.mouse.up()
        wait_for(
            lambda: _is_yellow(colour_at(customer, "video[data-role=content]", 0.55, 0.5)),
            within_s=10,
            what="the customer sees the highlighter",
        )
        look(seat, "seat-sharing")
        look(customer, "customer-sharing")
        live_system.kill("media")
        live_system.start("media")
        wait_for(
            lambda: call.events.filter(kind="share").count() == 2,
            within_s=40,
            what="the share on the new worker",
        )
        seat.click("#share-undo")
        wait_for(
            lambda: not _is_yellow(colour_at(customer, "video[data-role=content]", 0.55, 0.5)),
            within_s=30,
            what="the stroke is gone",
        )
        seat.click("#share-stop")
        expect(customer.locator("#content")).to_be_hidden()

        stage.seat.hang_up()
        shares = list(call.events.filter(kind="share").order_by("at_ms"))
        assert all(share.until_ms is not None for share in shares)
        assert {share.payload["title"] for share in shares} == {"张晓明"}
        recorded = {
            (line["participant_id"], line["track"])
            for line in journal(live_system, call)
            if line["kind"] == "track.ended"
        }
        assert {("media", "audio"), ("media", "video"), ("share", "video")} <= recorded
        seat.locator("#player video").first.wait_for(state="attached", timeout=15_000)
        expect(seat.locator("#player")).to_contain_text("素材播放")
        expect(seat.locator("#player")).to_contain_text("共享画面")
    live_system.manage("check_invariants")


def _is_yellow(rgb: list[int]) -> bool:
    red, green, blue = rgb
    return red > 200 and green > 180 and blue < 190
