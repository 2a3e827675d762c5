"""What a phone shows and does during an interview, held against the seat's page."""

import hashlib
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from appointments.models import DeviceCheck
from customer_sdk.models import CallRating
from interviews.models import ConfirmAnswer, Snapshot, TimelineEvent
from operations import demo_logins as logins
from parameters.models import Scope
from parameters.services import set_value
from tests.support.axe import axe
from tests.support.bank import simulated
from tests.support.stage import connect, seat_and_customer
from tests.support.system import LiveSystem
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.timeout(240)]
SINGLE = "YXD-2026-0318-00427"
VISIBILITY = """(state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
OUTSIDE = """() => [...document.querySelectorAll('[data-step="call"] button, .cc__stage figure')]
  .filter((each) => each.offsetParent && !each.closest("dialog"))
  .filter((each) => {
    const box = each.getBoundingClientRect();
    const small = each.matches("button") && Math.min(box.width, box.height) < 44;
    return small || box.left < 0 || box.top < 0 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1;
  }).map((each) => each.id || each.className)"""


def command(seat: Page, words: str) -> None:
    seat.keyboard.press("Control+k")
    seat.fill("#palette-input", words)
    seat.keyboard.press("Enter")


def test_card_picture_interruption_sizes_and_rating(
    live_system: LiveSystem, tmp_path: Path
) -> None:
    live_system.manage("load_demo")
    for kind in ("liveness", "id_ocr"):
        set_value(f"recognise_{kind}", 1, scope=Scope.GLOBAL, by="test")
    recogniser = urlsplit(live_system.env["RECOGNITION_URL"]).port or 0
    with (
        simulated(port=recogniser, secret=settings.RECOGNITION_SECRET),
        seat_and_customer(live_system, tmp_path) as stage,
    ):
        seat, customer = stage.seat.page, stage.customer.page
        loaded: list[str] = []
        customer.on("request", lambda request: loaded.append(urlsplit(request.url).path))
        call = connect(
            stage,
            phone=logins.CUSTOMERS[0],
            contract_no=SINGLE,
            options=(True, False),
            to_place=True,
        )
        # What is off is not even loaded.
        assert [path for path in loaded if path.endswith("sdk/interview-client.js")]
        assert not [path for path in loaded if path.endswith(("rescue.js", "face-reminder.js"))]
        check = DeviceCheck.objects.get(task=call.task)
        assert (check.camera, check.microphone, check.speaker) == (True, True, True)
        assert check.network in {"good", "fair"}
        assert check.loss_percent == 0
        # The test's room is no recording and tells nobody of itself; the seat's own trial may still go on.
        rooms = [f.name for f in live_system.spool.iterdir() if f.name[0] != "."]
        assert [name for name in rooms if not name.startswith("loop-")] == [str(call.pk)]

        command(seat, "确认卡")
        expect(customer.locator("#card")).to_be_visible()
        assert axe(customer) == []
        customer.click("#card-yes")
        expect(seat.get_by_text("已确认贷款信息")).to_be_visible()
        answer = ConfirmAnswer.objects.select_related("card").get()
        assert answer.accepted
        journal = (live_system.spool / str(call.pk) / "journal.jsonl").read_text().splitlines()
        noted = [line for line in map(json.loads, journal) if line.get("note") == "confirm.answer"]
        assert [line["payload"]["sha256"] for line in noted] == [answer.card.sha256]

        command(seat, "原图 手持身份证")
        customer.click("#still-take")
        expect(seat.get_by_text("原图已收到")).to_be_visible()
        shot = Snapshot.objects.get(call=call)
        kept = (live_system.spool / str(call.pk) / shot.file).read_bytes()
        assert hashlib.sha256(kept).hexdigest() == shot.sha256
        assert (shot.width, shot.height) == (640, 480)
        hints = seat.locator("#hints-live")
        expect(hints).to_contain_text("人脸比对一致（置信度 93%）")
        expect(hints).to_contain_text("客户未同意身份证识别，由坐席人工核验")
        found = TimelineEvent.objects.filter(call=call, kind="observation")
        assert {event.payload["code"] for event in found} == {"live", "match"}
        assert {event.payload["snapshot_id"] for event in found} == {str(shot.pk)}

        customer.evaluate(VISIBILITY, "hidden")
        expect(seat.get_by_text("画面中断")).to_be_visible()
        customer.wait_for_timeout(2200)  # as long as somebody looks at another app
        customer.evaluate(VISIBILITY, "visible")
        wait_for(
            lambda: (
                TimelineEvent.objects.filter(
                    call=call, kind="device", payload__what="camera_back"
                ).count()
                == 1
            ),
            within_s=10,
            what="a fresh camera, and the seat told",
        )
        stage.customer.sees("self")

        label = customer.locator("#label-gps")
        expect(label).to_have_text("N30.8703° E120.0933°")
        customer.context.set_geolocation({"latitude": 30.8721, "longitude": 120.0951})
        expect(label).to_have_text("N30.8721° E120.0951°", timeout=20_000)
        places = TimelineEvent.objects.filter(call=call, kind="position").order_by("at_ms")
        assert [place.payload["latitude"] for place in places] == [30.8703, 30.8721]

        for width, height in ((844, 390), (320, 568), (390, 844)):
            customer.set_viewport_size({"width": width, "height": height})
            assert customer.evaluate(OUTSIDE) == [], (width, height)
        assert axe(customer) == []

        stage.seat.hang_up()
        customer.click('[data-stars="4"]')
        expect(customer.locator("#rating-note")).to_have_text("感谢您的评价")
        assert axe(customer) == []
        assert CallRating.objects.get(call=call).stars == 4
