"""A phone behind `network.Path` and `network.Lines`: its socket is read along, its addresses are exchanged."""

import asyncio
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, WebSocketRoute

from tests.support.network import Lines, Path


def wait_with(page: Page, fact: Callable[[], object], *, within_s: float, what: str) -> None:
    """Until the fact is true. The page's socket is passed on only while Playwright has its turn."""
    deadline = time.monotonic() + within_s
    while not fact():
        assert time.monotonic() < deadline, f"{what}: not within {within_s} s"
        page.wait_for_timeout(200)


class Way:
    """Everything between one phone and the system: media through `path`, the rest through `lines`.

    The phone finds the web server at `url`.
    """

    def __init__(self, port: int) -> None:
        self.path, self.lines = Path(), Lines(port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.lines.port}"

    @property
    def is_down(self) -> bool:
        """Whether the phone has no network at all."""
        return self.lines.is_down

    @is_down.setter
    def is_down(self, is_down: bool) -> None:
        self.path.is_down = self.lines.is_down = is_down

    def carry(self, page: Page) -> None:
        """Every media connection the page makes from now on goes through the path."""
        page.route_web_socket(re.compile("/ws/sdk/v1/"), self._between)

    def _between(self, client: WebSocketRoute) -> None:
        server = client.connect_to_server()

        def up(message: str | bytes) -> None:
            frame = json.loads(message)
            if frame.get("type") == "media.offer":
                frame["sdp"] = self.path.offer(frame["sdp"])
            server.send(json.dumps(frame))

        def down(message: str | bytes) -> None:
            frame = json.loads(message)
            if "answer_sdp" in frame.get("result", {}):
                frame["result"]["answer_sdp"] = self.path.answer(frame["result"]["answer_sdp"])
            client.send(json.dumps(frame))

        client.on_message(up)
        server.on_message(down)

    async def lay(self) -> None:
        await self.path.lay()
        await self.lines.lay()

    async def close(self) -> None:
        self.path.close()
        await self.lines.close()
        await asyncio.sleep(0)  # the transports say goodbye to the loop


@contextmanager
def bad_way(port: int) -> Iterator[Way]:
    """A way to the web server at `port`, in a thread of its own; its fields may be set from the test."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    way = Way(port)
    asyncio.run_coroutine_threadsafe(way.lay(), loop).result(5)
    try:
        yield way
    finally:
        asyncio.run_coroutine_threadsafe(way.close(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
