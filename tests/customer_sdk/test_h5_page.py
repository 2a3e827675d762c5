"""The customer's page in a real browser: refusal, the steps up to the line, and its sizes."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, sync_playwright

from channels_admin.models import Channel
from interviews.models import Consent, Party
from parameters.models import Scope
from parameters.services import set_value
from queueing.models import CallRequest
from tests.support.axe import axe
from tests.support.customers import ticket_for
from tests.support.desk import IN_BROWSER

pytestmark = IN_BROWSER
SMALL_OR_CLIPPED = """() => {
  const wrong = [];
  if (document.documentElement.scrollWidth > innerWidth) wrong.push("scrolls sideways");
  for (const each of document.querySelectorAll("body *")) {
    const box = each.getBoundingClientRect();
    if (!box.width || !box.height || each.closest("svg")) continue;
    const says = [...each.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (says && parseFloat(getComputedStyle(each).fontSize) < 16) wrong.push(`text ${each.textContent.trim()}`);
    if (each.matches("button, select") && Math.min(box.height, box.width) < 44) wrong.push(`target ${each.id}`);
  }
  return wrong;
}"""


@contextmanager
def phone(width: int) -> Iterator[Page]:
    """A page of a small phone. No ORM inside: Playwright keeps a loop running in this thread."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=[
                "--no-sandbox",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
            ],
        )
        page = browser.new_context(viewport={"width": width, "height": 640}).new_page()
        page.set_default_timeout(10_000)
        yield page
        browser.close()


@pytest.mark.parametrize("width", [320, 390])
def test_the_steps_lead_into_the_line_readable_and_within_the_screen(
    base_url: str, party: Party, width: int
):
    set_value("network_test_s", 0, scope=Scope.GLOBAL, by="test")  # no media worker runs here
    ticket = ticket_for(party)
    troubles: list[str] = []
    wrong: dict[str, list[str]] = {}

    with phone(width) as page:
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "console", lambda said: troubles.append(said.text) if said.type == "error" else None
        )
        page.goto(f"{base_url}/h5/call/#ticket={ticket}")
        page.wait_for_selector('[data-phase="consent"]')
        address = page.url
        wrong["consent"] = [*page.evaluate(SMALL_OR_CLIPPED), *axe(page)]
        page.check("#consent-check")
        page.click("#consent-agree")
        page.click("#heard:not([aria-disabled])")
        page.wait_for_selector("#device-ok:not([aria-disabled])")
        wrong["devices"] = [*page.evaluate(SMALL_OR_CLIPPED), *axe(page)]
        page.click("#device-ok")
        page.wait_for_selector('[data-phase="ready"]')
        wrong["ready"] = [*page.evaluate(SMALL_OR_CLIPPED), *axe(page)]
        page.click("#call-in")
        page.wait_for_selector('[data-phase="waiting"]')
        wrong["waiting"] = [*page.evaluate(SMALL_OR_CLIPPED), *axe(page)]

    assert address == f"{base_url}/h5/call/"
    assert wrong == {"consent": [], "devices": [], "ready": [], "waiting": []}
    assert troubles == []
    assert Consent.objects.get().party_id == party.pk
    assert CallRequest.objects.get().state == "WAITING"


def test_who_cannot_test_the_network_reads_why_and_goes_on(base_url: str, party: Party):
    ticket = ticket_for(party)

    with phone(320) as page:  # and no media worker runs here
        page.goto(f"{base_url}/h5/call/#ticket={ticket}")
        page.wait_for_selector('[data-phase="consent"]')
        page.check("#consent-check")
        page.click("#consent-agree")
        page.wait_for_selector("#remedy:not([hidden])")
        told = page.text_content("#remedy [data-trouble]")
        grade = page.text_content("#network-result")
        wrong = [*page.evaluate(SMALL_OR_CLIPPED), *axe(page)]
        page.wait_for_selector("#device-retry:not([hidden])")
        page.click("#heard:not([aria-disabled])")
        page.click("#device-ok:not([aria-disabled])")
        page.wait_for_selector('[data-phase="ready"]')

    assert (told, grade) == ("音视频服务暂时不可用，请稍后再试。", "未测")
    assert wrong == []


def test_a_refused_customer_reads_why(base_url: str, party: Party):
    Channel.objects.update(enabled=False)
    ticket = ticket_for(party)

    with phone(320) as page:
        page.goto(f"{base_url}/h5/call/#ticket={ticket}")
        page.wait_for_selector('[data-phase="refused"]')
        told = page.text_content("#refusal")
        wrong = page.evaluate(SMALL_OR_CLIPPED)

    assert told == "当前渠道未被授权接入我行视频坐席，请联系您的客户经理。"
    assert wrong == []
