"""静音 at the seat's desk: the page tells what is so, also when the server does not follow (WB-5)."""

from django.test import Client
from playwright.sync_api import expect

from tests.support.bad_way import wait_with
from tests.support.desk import IN_BROWSER, at_desk, out_of_place
from tests.support.fake_worker import fake_worker
from tests.workbench.test_recording_lamp_in_browser import running_call

pytestmark = IN_BROWSER


def test_a_mute_that_the_media_service_refuses_holds_here_and_is_called_so(base_url: str) -> None:
    call = running_call()
    client = Client()
    client.force_login(call.seat.user, backend="django.contrib.auth.backends.ModelBackend")
    marks = call.events.filter(kind="mute")

    with fake_worker(call) as worker, at_desk(base_url, client) as page:
        page.goto("/workbench/")
        button, word = page.locator("#btn-mute"), page.locator("#mute-word")
        expect(page.locator("#own-devices")).to_be_visible()  # the call has begun

        worker.refuses = "bad_request"
        page.keyboard.press("F2")
        expect(word).to_have_text("本机静音")
        expect(button).to_have_attribute("aria-pressed", "true")
        expect(page.locator("#toasts")).to_contain_text("您的麦克风已在本机关闭，对方听不到您。")
        wrong = out_of_place(page)
        assert not marks.exists()

        worker.refuses = ""
        page.keyboard.press("F2")
        expect(button).to_have_attribute("aria-pressed", "false")
        page.keyboard.press("F2")
        wait_with(page, marks.exists, within_s=5, what="it is on the timeline")
        expect(word).to_have_text("静音")
        expect(button).to_have_attribute("aria-pressed", "true")

        worker.refuses = "bad_request"
        page.keyboard.press("F2")
        expect(page.locator("#toasts")).to_contain_text("您仍处于静音。")
        expect(button).to_have_attribute("aria-pressed", "true")

    assert wrong == []
