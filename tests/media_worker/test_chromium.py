"""A real browser through the real worker, with the slot layout every client uses."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import av
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from media_worker import gateway
from tests.support.chromium import STATS, chromium, join, open_page
from tests.support.rtc import WebStub, WorkerProcess, until


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as launched:
        yield launched


@pytest.mark.browser
async def test_two_browsers_see_and_hear_each_other_and_are_recorded(
    browser: Browser, worker: WorkerProcess, call_id: str, spool: Path, django_side: WebStub
) -> None:
    pages = {who: await open_page(browser, django_side.url) for who in ("seat", "cust")}

    for who, page in pages.items():
        answer = await join(page, worker.control_url, call_id, who)
        assert "a=ptime:60" in answer.answer_sdp
        assert "useinbandfec=1" in answer.answer_sdp
    stats = {}
    for who, page in pages.items():
        for _ in range(100):
            stats[who] = await page.evaluate(STATS)
            seen = stats[who].get("video", {}).get("decoded") or 0
            if seen > 60 and "audio" in stats[who]:
                break
            await asyncio.sleep(0.1)
    closed = await gateway.aclose_call(worker.control_url, call_id, reason="done")

    for found in stats.values():
        assert found["video"]["decoded"] > 60, stats
        assert found["video"]["lost"] == 0, stats
        # A machine that runs other tests may stall the browser itself once.
        assert found["video"]["freezes"] <= 1, stats
        assert found["audio"]["energy"] > 0
    assert len(closed.tracks) == 4
    for track in closed.tracks:
        with av.open(str(spool / call_id / track.file)) as container:
            frames = sum(1 for _ in container.decode(container.streams[0]))
        span_s = (track.end_ms - track.start_ms) / 1000
        assert span_s > 3
        assert frames > span_s * (10 if track.kind == "video" else 14)
    await until(lambda: len(django_side.of("leg.connected")) == 2, "both are told")


@pytest.mark.browser
async def test_a_browser_without_camera_and_microphone_stays_connected(
    browser: Browser, worker: WorkerProcess, call_id: str, django_side: WebStub
) -> None:
    page = await open_page(browser, django_side.url)

    await join(page, worker.control_url, call_id, "seat", bare=True)

    # A report every two seconds: well past the moment at which it was lost, and past the longer one.
    await until(lambda: len(django_side.of("quality")) > 6, "it is there for a while", 25)
    kinds = [e.kind for e in django_side.events if e.kind.startswith("leg.")]
    assert kinds == ["leg.connected", "leg.unstable", "leg.quiet"]
