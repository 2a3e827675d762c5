"""What is said over the video wall at the same time: each is read, none hides another."""

from itertools import pairwise

from django.test import Client
from playwright.sync_api import Page, expect

from interviews import services
from tests.support.bad_way import wait_with
from tests.support.desk import IN_BROWSER, SIZES, at_desk, wrong_with
from tests.support.factories import PARTY_ACTOR
from tests.support.fake_worker import fake_worker
from tests.workbench.test_recording_lamp_in_browser import running_call, teller, track

pytestmark = IN_BROWSER
NOTES = ("#record-alarm", "#deserted", "#own-devices")


def heights(page: Page) -> list[tuple[float, float]]:
    """Upper and lower edge of each, from above."""
    boxes = [page.locator(each).bounding_box() for each in NOTES]
    return [(box["y"], box["y"] + box["height"]) for box in boxes if box is not None]


def test_alarm_desertion_and_missing_devices_stand_one_under_the_other(base_url: str) -> None:
    call = running_call()
    client = Client()
    client.force_login(call.seat.user, backend="django.contrib.auth.backends.ModelBackend")
    seat, customer = (call.participants.get(role=role) for role in ("seat", "customer"))
    tell = teller(call)

    with fake_worker(call), at_desk(base_url, client) as page:
        page.goto("/workbench/")
        # This browser has neither a camera nor a microphone: the call goes on, and the page says so.
        expect(page.locator("#own-devices")).to_contain_text("客户听不到也看不到您")
        expect(page.get_by_role("button", name="重试", exact=True)).to_be_enabled()
        services.leave_call(customer.pk, actor=PARTY_ACTOR, reason="customer")
        expect(page.locator("#deserted")).to_be_visible()

        def alarmed() -> bool:
            tell([track(seat, "audio")])
            return page.locator("#record-alarm").is_visible()

        wait_with(page, alarmed, within_s=15, what="the alarm")
        found = {}
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            found[width] = heights(page)
        wrong = wrong_with(page)

    for edges in found.values():
        assert len(edges) == len(NOTES)
        assert all(above[1] <= below[0] for above, below in pairwise(edges)), edges
    assert wrong == []
