"""The integration guide's example: a page of another origin, the plain script, nothing else."""

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from customer_sdk import policy
from interviews.models import Consent, Party
from queueing.models import CallRequest
from tests.customer_sdk.test_h5_page import phone
from tests.support.customers import ticket_for
from tests.support.desk import IN_BROWSER
from tools.pack_sdk import plain_script

pytestmark = IN_BROWSER
EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "bare-page.html"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """The test's output is the test's."""


@pytest.fixture
def app_origin(tmp_path: Path) -> Iterator[str]:
    """The integrating app's own server."""
    (tmp_path / "index.html").write_text(EXAMPLE.read_text())
    (tmp_path / "interview-sdk.js").write_text(plain_script())
    handler = functools.partial(Quiet, directory=str(tmp_path))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_example_brings_a_customer_into_the_line(
    base_url: str, app_origin: str, party: Party, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(policy, "ALLOWED_ORIGINS", (app_origin,))
    ticket = ticket_for(party)
    troubles: list[str] = []

    with phone(390) as page:
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(f"{app_origin}/#ticket={ticket}&base={base_url}")
        page.click("#agree")
        page.wait_for_selector("#word:text-is('waiting')")

    assert troubles == []
    assert Consent.objects.get().party_id == party.pk
    assert CallRequest.objects.get().state == "WAITING"


def test_a_page_that_is_not_listed_gets_nowhere(base_url: str, app_origin: str, party: Party):
    ticket = ticket_for(party)

    with phone(390) as page:
        page.goto(f"{app_origin}/#ticket={ticket}&base={base_url}")
        page.click("#agree")
        page.wait_for_selector("#word:text-is('网络不可用，请检查网络后重试。')")

    assert not Consent.objects.exists()


def test_the_example_is_as_short_as_the_guide_says():
    assert len(EXAMPLE.read_text().splitlines()) <= 30
