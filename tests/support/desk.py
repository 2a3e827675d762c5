"""Pages in a real browser on this test's own rows: the site served from this process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from django.conf import settings
from django.db import connection, connections
from django.test import Client
from playwright.sync_api import Page, sync_playwright

from operations.children import wait_until
from operations.embedded import free_port
from tests.support.actors import CHROMIUM
from tests.support.axe import axe

# Of a test that asks for `base_url`.
IN_BROWSER = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # WhiteNoise streams files synchronously; Django says so under ASGI.
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume"),
]
SIZES = ((1440, 900), (1280, 720))
_OUT_OF_PLACE = """() => {
  const wrong = document.documentElement.scrollWidth > innerWidth ? ["scrolls sideways"] : [];
  for (const each of document.querySelectorAll("button, select, input, a")) {
    const box = each.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) continue;
    for (let around = each.parentElement; around; around = around.parentElement) {
      if (getComputedStyle(around).overflowX === "visible") continue;
      const edge = around.getBoundingClientRect();
      if (box.left < edge.left - 1 || box.right > edge.right + 1) wrong.push(`cut off: ${each.outerHTML.slice(0, 80)}`);
    }
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (texts.nextNode()) {
    const words = texts.currentNode.textContent.trim();
    range.selectNodeContents(texts.currentNode);
    const box = range.getBoundingClientRect();
    const block = texts.currentNode.parentElement.closest("td, th, p, li, dd, dt");
    if (words.length < 6 || box.width < 2 || !block) continue;
    if (box.width < 40 && box.height > 100) wrong.push(`squeezed: ${words}`);
    const shown = getComputedStyle(block).overflowX === "visible";
    if (shown && box.right > block.getBoundingClientRect().right + 1) wrong.push(`spills: ${words}`);
  }
  return wrong;
}"""


@contextmanager
def served() -> Iterator[str]:
    """The address of the site. Needs `transactional_db`: the server has connections of its own."""
    from interview_site.asgi import application

    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(
            application, port=port, lifespan="off", log_level="error", ws="websockets-sansio"
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert wait_until(lambda: server.started, within_s=10), "the server starts"
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)
    # The server's threads keep their connections; the database could not be dropped.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@contextmanager
def at_desk(base_url: str, client: Client) -> Iterator[Page]:
    """A page of who is logged in with `client`; an error in it or in its console fails the test.

    The ORM works inside, on a connection of its own: it sees what is committed.
    """
    troubles: list[str] = []
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright's loop is in this thread
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(
            base_url=base_url,
            viewport={"width": SIZES[0][0], "height": SIZES[0][1]},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
        )
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": base_url}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "console", lambda said: troubles.append(said.text) if said.type == "error" else None
        )
        yield page
        browser.close()
        connections.close_all()
    assert troubles == [], troubles


def wrong_with(page: Page) -> list[str]:
    """What axe finds, and what is out of place."""
    return [*axe(page), *out_of_place(page)]


def out_of_place(page: Page) -> list[str]:
    """What one could not click or read on either of the usual screens."""
    found: list[str] = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        found += [f"{width}: {each}" for each in page.evaluate(_OUT_OF_PLACE)]
    page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
    return found
