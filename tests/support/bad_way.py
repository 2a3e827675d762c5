"""A phone's media through `network.Path`: its socket is read along, its addresses are exchanged."""

import asyncio
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, WebSocketRoute

from tests.support.network import Path


def wait_with(page: Page, fact: Callable[[], object], *, within_s: float, what: str) -> None:
    """Until the fact is true. The page's socket is passed on only while Playwright has its turn."""
    deadline = time.monotonic() + within_s
    while not fact():
        assert time.monotonic() < deadline, f"{what}: not within {within_s} s"
        page.wait_for_timeout(200)


@contextmanager
def bad_way(page: Page) -> Iterator[Path]:
    """Every media connection the page makes from now on goes through the path that is yielded.

    The path runs in a thread of its own; its fields may be set from the test.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    path = Path()
    asyncio.run_coroutine_threadsafe(path.lay(), loop).result(5)

    def between(client: WebSocketRoute) -> None:
        server = client.connect_to_server()

        def up(message: str | bytes) -> None:
            frame = json.loads(message)
            if frame.get("type") == "media.offer":
                frame["sdp"] = path.offer(frame["sdp"])
            server.send(json.dumps(frame))

        def down(message: str | bytes) -> None:
            frame = json.loads(message)
            if "answer_sdp" in frame.get("result", {}):
                frame["result"]["answer_sdp"] = path.answer(frame["result"]["answer_sdp"])
            client.send(json.dumps(frame))

        client.on_message(up)
        server.on_message(down)

    page.route_web_socket(re.compile("/ws/sdk/v1/"), between)
    try:
        yield path
    finally:
        asyncio.run_coroutine_threadsafe(_close(path), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _close(path: Path) -> None:
    path.close()
    await asyncio.sleep(0)  # the transports say goodbye to the loop
