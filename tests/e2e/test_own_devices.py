"""Devices are taken away during a call, and come back, at the seat's desk and in the customer's hand."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from interviews.models import Call, Participant, TimelineEvent
from interviews.states import CallState, ParticipantState
from operations import demo_logins as logins
from tests.support.bad_way import wait_with
from tests.support.stage import seat_and_customer
from tests.support.system import LiveSystem

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.timeout(300)]
SINGLE = "YXD-2026-0318-00427"
# A stopped track gives nothing more, as an unplugged one; the browser would tell of that one.
UNPLUG = """(selector) => {
  const given = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async () => {
    throw new DOMException("none", "NotFoundError");
  };
  window.plugIn = () => {
    navigator.mediaDevices.getUserMedia = given;
    navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
  };
  const lost = document.querySelector(selector).srcObject.getTracks();
  for (const track of lost) {
    track.stop();
    track.dispatchEvent(new Event("ended"));
  }
}"""


# A camera that another program has, until it is let go.
OCCUPY_CAMERA = """() => {
  const given = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => {
    if (wish.video) throw new DOMException("busy", "NotReadableError");
    return given(wish);
  };
  window.letGo = () => {
    navigator.mediaDevices.getUserMedia = given;
  };
}"""


def microphone_is_open(page: Page) -> bool:
    opened: bool = page.evaluate(
        "document.querySelector('video[data-role=seat]').srcObject.getAudioTracks()[0]?.enabled"
    )
    return opened


def test_a_call_goes_on_with_what_devices_there_are_and_has_each_back_in_the_same_connection(
    live_system: LiveSystem, tmp_path: Path
) -> None:
    with seat_and_customer(live_system, tmp_path) as stage:
        seat, customer = stage.seat.page, stage.customer.page
        stage.seat.log_in()
        stage.seat.get_ready()
        seat.evaluate(OCCUPY_CAMERA)
        stage.customer.open_task(logins.CUSTOMERS[0], SINGLE)
        stage.customer.agree()
        stage.customer.check_devices()
        stage.customer.call_in()
        stage.seat.accept()

        stage.seat.sees("customer")
        bar = seat.locator("#own-devices")
        expect(bar).to_contain_text("摄像头不可用：客户看不到您")
        expect(bar).to_contain_text("正被其他程序占用")
        call = Call.objects.get(task__contract_no=SINGLE, state=CallState.LIVE)
        seat.evaluate("letGo()")
        bar.get_by_role("button", name="重试", exact=True).click()
        expect(bar).to_be_hidden()
        stage.customer.sees("seat")
        place = Participant.objects.get(call=call, role="seat")
        gaps = TimelineEvent.objects.filter(call=call, kind="gap", participant=place)

        seat.keyboard.press("F2")
        expect(seat.locator("#btn-mute")).to_have_attribute("aria-pressed", "true")
        assert not microphone_is_open(seat), "at once, and not when the server has answered"
        seat.evaluate(UNPLUG, "video[data-role=seat]")
        expect(bar).to_contain_text("客户听不到也看不到您")
        wait_with(seat, gaps.exists, within_s=20, what="the gap is on the timeline")
        place.refresh_from_db()
        assert place.state == ParticipantState.PRESENT

        seat.evaluate("plugIn()")
        expect(bar).to_be_hidden()
        stage.seat.sees("seat")
        stage.customer.sees("seat")
        assert not microphone_is_open(seat), "as silent as it was"
        wait_with(
            seat, lambda: not gaps.filter(until_ms=None).exists(), within_s=20, what="it is over"
        )
        seat.keyboard.press("F2")
        wait_with(seat, lambda: microphone_is_open(seat), within_s=10, what="it is open")
        assert place.legs.count() == 1
        assert [(gap.payload, gap.until_ms is not None) for gap in gaps] == [
            ({"cause": "devices"}, True)
        ]

        mine = Participant.objects.get(call=call, role="customer")
        theirs = TimelineEvent.objects.filter(call=call, kind="gap", participant=mine)
        line = customer.locator("#network-line")
        customer.evaluate(UNPLUG, "video[data-role=self]")
        expect(line).to_contain_text("没有找到可用的摄像头或麦克风")
        wait_with(customer, theirs.exists, within_s=20, what="the seat can see when it was")
        expect(line).to_contain_text("没有找到可用的摄像头或麦克风")  # whatever the network is
        customer.evaluate("plugIn()")
        stage.seat.sees("customer")
        expect(line).to_be_hidden()
        assert mine.legs.count() == 1
