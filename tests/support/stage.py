"""A call between two browsers on a running system, up to the point a test is interested in."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connections
from playwright.sync_api import Page, sync_playwright

from interviews.models import Call
from interviews.states import CallState
from operations.demo_logins import DemoLogin
from recordings.models import Recording
from recordings.states import Stage
from recordings.storage import store
from tests.support.actors import (
    CustomerInBrowser,
    SeatInBrowser,
    browser_with_camera,
    log_in,
    open_context,
)
from tests.support.bad_way import Way
from tests.support.system import LiveSystem
from tests.support.waiting import wait_for

SEAT_WHO, SEAT_TONE_HZ = 1, 700
CUSTOMER_WHO, CUSTOMER_TONE_HZ = 2, 1500


@dataclass
class BothSides:
    """Both sides of the case, each at an own browser."""

    seat: SeatInBrowser
    customer: CustomerInBrowser
    base_url: str

    def another_login(self, login: DemoLogin) -> Page:
        """A page of somebody else who works at a desk."""
        browser = self.seat.page.context.browser
        assert browser is not None
        page = open_context(browser, self.base_url, phone=False).new_page()
        log_in(page, login)
        return page


@contextmanager
def seat_and_customer(
    system: LiveSystem, folder: Path, *, way: Way | None = None
) -> Iterator[BothSides]:
    """`way`: what lies between the customer and the system."""
    with ExitStack() as stack:
        playwright = stack.enter_context(sync_playwright())
        # While Playwright's loop runs the ORM has a connection of its own; the database is dropped
        # after the module, and the next one must not find it.
        stack.callback(connections.close_all)
        seat_browser = stack.enter_context(
            browser_with_camera(
                playwright, folder, name="seat", seed=SEAT_WHO, tone_hz=SEAT_TONE_HZ
            )
        )
        customer_browser = stack.enter_context(
            browser_with_camera(
                playwright, folder, name="customer", seed=CUSTOMER_WHO, tone_hz=CUSTOMER_TONE_HZ
            )
        )
        customer_url = way.url if way else system.base_url
        customer = open_context(customer_browser, customer_url, phone=True).new_page()
        if way:
            way.carry(customer)
        yield BothSides(
            SeatInBrowser(open_context(seat_browser, system.base_url, phone=False).new_page()),
            CustomerInBrowser(customer),
            system.base_url,
        )


def connect(
    stage: BothSides,
    *,
    phone: str,
    contract_no: str,
    options: Sequence[bool] = (),
    to_place: bool = False,
) -> Call:
    """From the log-in to a live call both see; `options` answers what recognition asks for."""
    stage.seat.log_in()
    stage.seat.get_ready()
    stage.customer.open_task(phone, contract_no)
    stage.customer.agree(to_place=to_place)
    stage.customer.check_devices()
    stage.customer.answer_options(options)
    stage.customer.call_in()
    stage.seat.accept()
    stage.seat.sees("customer")
    stage.customer.sees("seat")
    return Call.objects.select_related("task").get(
        task__contract_no=contract_no, state=CallState.LIVE
    )


def stored_recording(call: Call, folder: Path) -> tuple[Recording, Path]:
    """Wait until the recording is in the store and bring the MP4 here."""
    recording = wait_for(
        lambda: Recording.objects.filter(call=call, stage=Stage.STORED).first(),
        within_s=90,
        what="a stored recording",
    )
    copy = folder / "call.mp4"
    with store().open(recording.storage_key) as stored:
        copy.write_bytes(stored.read())
    return recording, copy
