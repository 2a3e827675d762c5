"""W6: the seat's page: its weight, how soon it can be worked with, and whether a full room makes it stutter.

Prints JSON lines: workbench_js_kb (everything of JavaScript the page loads, compressed),
ready_ms (log-in button to the page that shows the seat's state), long_task_max_ms (the longest task
of the page's main thread while a call with the seat and eight customers runs, of which each sends
320x240 at 15 frames/s). The customers are made on this machine too: on few cores they, the worker
and the browser share them, which makes the last figure an upper bound.
"""

import argparse
import asyncio
import gzip
import json
import os
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._scratch import system

CUSTOMERS = 8
LOOK = """() => {
  window.longTasks = [];
  new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((e) => e.duration)))
    .observe({ type: "longtask" });
}"""
MOVING = """(count) => [...document.querySelectorAll("#wall video")].filter((v) => v.videoWidth > 0).length >= count"""


def report(name: str, value: float, unit: str, target: float, **more: Any) -> None:
    line = {"figure": "W6", "name": name, "value": round(value, 1), "unit": unit, "target": target}
    print(json.dumps(line | more), flush=True)


def measure_page(page: Any) -> None:
    """Logs in on the way."""
    from operations import demo_logins as logins

    scripts: dict[str, bytes] = {}
    page.on(
        "response",
        lambda answer: (
            scripts.setdefault(answer.url, answer.body())
            if answer.url.split("?")[0].endswith(".js")
            else None
        ),
    )
    page.goto("/login?next=/workbench/")
    page.fill("[name=username]", logins.SEAT.username)
    page.fill("[name=password]", logins.PASSWORD)
    scripts.clear()
    begun = time.monotonic()
    page.click("#login")
    page.wait_for_function("() => document.querySelector('#pill[class*=is-]') !== null")
    report("ready_ms", (time.monotonic() - begun) * 1000, "ms", 1500)
    weight = sum(len(gzip.compress(content)) for content in scripts.values()) / 1024
    report("workbench_js_kb", weight, "KiB", 150, files=len(scripts))


def full_call() -> list[str]:
    """A running call of the demo seat with eight customers: the ids of the customers' places."""
    from common.actor import SYSTEM
    from interviews import services as interviews
    from operations import demo_logins as logins
    from seats.models import Seat

    people = tuple(
        interviews.PartyDraft(
            name=f"客户{n}",  # data
            phone=f"1390000{n:04d}",
            id_no=f"41010519900101{n:04d}",
            roles=("PRIMARY_BORROWER" if n == 0 else "CO_BORROWER",),
        )
        for n in range(CUSTOMERS)
    )
    task = interviews.create_task(
        interviews.TaskDraft(
            contract_no="BENCH",
            product_code="YXD",
            product_name="永续贷",  # data
            customer_name=people[0].name,
            parties=people,
        ),
        actor=SYSTEM,
    )
    parties = list(task.parties.order_by("name"))
    for party in parties:
        interviews.record_consent(party.pk, text_version="bench", actor=SYSTEM)
    seat = Seat.objects.get(user__staff_no=logins.SEAT.username)
    call = interviews.open_call(task.pk, seat=seat, party_id=parties[0].pk, actor=SYSTEM)
    for party in parties[1:]:
        interviews.join_call(task.pk, party_id=party.pk, actor=SYSTEM)
    places = call.participants.filter(role="customer")
    return [str(pk) for pk in places.values_list("pk", flat=True)]


class Crowd:
    """The customers' cameras, in a thread with a loop of its own."""

    def __init__(self, places: list[str]) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._peers = self._do(self._join(places))

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(90)

    async def _join(self, places: list[str]) -> list[Any]:
        from uuid import UUID

        from common.actor import SYSTEM
        from interviews.services import connect_media_async
        from tests.support.rtc import Peer

        peers = []
        for place in places:
            peer = Peer(slots=0)
            answer = await connect_media_async(
                UUID(place), offer_sdp=await peer.offer(), actor=SYSTEM
            )
            await peer.accept(answer["answer_sdp"])
            peers.append(peer)
        return peers

    async def _leave(self) -> None:
        for peer in self._peers:
            await peer.close()

    def close(self) -> None:
        self._do(self._leave())
        self._loop.call_soon_threadsafe(self._loop.stop)


def measure_call(page: Any, seconds: float) -> None:
    crowd = Crowd(full_call())
    try:
        page.reload()
        page.locator("body[data-screen=call]").wait_for()
        page.wait_for_function(MOVING, arg=CUSTOMERS + 1, timeout=90_000)
        page.evaluate(LOOK)
        begun = time.monotonic()
        for key in ("F9", "F8", "Alt+g", "Control+k", "Escape", "Alt+g"):
            page.keyboard.press(key)
            page.wait_for_timeout(500)
        page.wait_for_timeout(max(0.0, seconds - (time.monotonic() - begun)) * 1000)
        tasks = page.evaluate("() => window.longTasks")
    finally:
        crowd.close()
    load = {"tiles": CUSTOMERS + 1, "seconds": seconds, "cores": os.cpu_count()}
    report("long_task_max_ms", max(tasks, default=0), "ms", 100, over_50_ms=len(tasks), load=load)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="watch the call for 8 s, not 30 s")
    seconds = 8.0 if parser.parse_args().short else 30.0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="workbench-")))
        live = stack.enter_context(system(folder))
        from playwright.sync_api import sync_playwright

        from tests.support.actors import browser_with_camera, open_context

        playwright = stack.enter_context(sync_playwright())
        browser = stack.enter_context(
            browser_with_camera(playwright, folder, name="seat", seed=1, tone_hz=700)
        )
        page = open_context(browser, live.base_url, phone=False).new_page()
        measure_page(page)
        measure_call(page, seconds)


if __name__ == "__main__":
    main()
