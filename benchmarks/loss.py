"""M11: a customer behind a bad network; both sides real Chromium with the SDK's connection.

Loss of 5 and 10 % in both directions, 100 ms ± 50 each way, then a blackout of 2 s. Prints JSON
lines: freeze_percent_5, freeze_percent_10 (the worse of the two pictures, by the browser's own
count), recover_s (from the end of a blackout to the next picture, the worse side), what of the
quarter of a minute after it was frozen still, and what of the sound had to be concealed.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from pathlib import Path as File
from typing import Any

from django.conf import settings

sys.path.insert(0, str(File(__file__).resolve().parent.parent))
TOKEN = "benchmark"  # noqa: S105 - of a worker that lives for this run
settings.configure(MEDIA_CONTROL_TOKEN=TOKEN, USE_I18N=False)

from playwright.async_api import Page  # noqa: E402 - Django is configured first

from media_worker import gateway  # noqa: E402
from media_worker import protocol as p  # noqa: E402
from tests.support.chromium import STATS, chromium, join_by_sdk, open_page, shown_after  # noqa: E402
from tests.support.network import Path, Weather  # noqa: E402
from tests.support.rtc import web_stub, worker_process  # noqa: E402

DELAY_S, JITTER_S = 0.1, 0.05
BLACKOUT_S = 2.0
SETTLE_S = 4.0
ADAPT_S = 15.0  # until the pictures are held back long enough
AFTER_S = 14.0  # a blackout: one that comes sooner meets browsers that are still at the last one


async def seen(page: Page) -> dict[str, float]:
    """The browser's counts of picture and sound that came."""
    stats = await page.evaluate(STATS)
    video, audio = stats.get("video", {}), stats.get("audio", {})
    return {
        "frozen_s": video.get("frozen_s") or 0.0,
        "decoded": video.get("decoded") or 0,
        "concealed": audio.get("concealed") or 0,
        "samples": audio.get("samples") or 0,
    }


async def measure(pages: list[Page], seconds: float) -> tuple[float, float, float]:
    """(percent frozen of the worse side, frames a second, percent of sound concealed)."""
    before = [await seen(page) for page in pages]
    started = time.monotonic()
    await asyncio.sleep(seconds)
    after = [await seen(page) for page in pages]
    elapsed = time.monotonic() - started
    pairs = list(zip(before, after, strict=True))
    frozen = max(b["frozen_s"] - a["frozen_s"] for a, b in pairs) / elapsed
    frames = min(b["decoded"] - a["decoded"] for a, b in pairs) / elapsed
    heard = max(
        (b["concealed"] - a["concealed"]) / max(1, b["samples"] - a["samples"]) for a, b in pairs
    )
    return frozen * 100, frames, heard * 100


async def recover(path: Path, pages: list[Page]) -> float:
    """Seconds from the end of a blackout until the worse side has a picture again."""
    path.is_down = True
    await asyncio.sleep(BLACKOUT_S)
    path.is_down = False
    back_ms = time.time() * 1000
    first = [await shown_after(page, back_ms) for page in pages]
    return (max(first) - back_ms) / 1000


async def run(seconds: float, blackouts: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with web_stub() as stub, chromium() as browser:
            with worker_process(File(folder), stub.url, TOKEN) as worker:
                opening = p.OpenCall(epoch=1, t0_unix_ms=int(time.time() * 1000))
                await gateway.aopen_call(worker.control_url, "call", opening)
                seat, customer = pages = [await open_page(browser, stub.url) for _ in range(2)]
                path = Path()
                await path.lay()
                await join_by_sdk(seat, worker.control_url, "call", "seat")
                await join_by_sdk(customer, worker.control_url, "call", "cust", path=path)
                for page in pages:
                    await shown_after(page, 0)
                await asyncio.sleep(SETTLE_S)
                clean = await measure(pages, seconds / 2)
                print(f"clean: {clean}", file=sys.stderr)
                for percent, target in ((5, 1.0), (10, 5.0)):
                    for way in ("up", "down"):
                        setattr(path, way, Weather(percent / 100, DELAY_S, JITTER_S))
                    await asyncio.sleep(ADAPT_S)
                    frozen, frames, concealed = await measure(pages, seconds)
                    compared = {"without_loss": round(clean[0], 2)}
                    load = {"delay_ms": 100, "jitter_ms": 50, "seconds": seconds}
                    say(f"freeze_percent_{percent}", frozen, "%", target, compared, load)
                    say(f"frames_per_s_{percent}", frames, "1/s", None)
                    say(f"sound_concealed_percent_{percent}", concealed, "%", None)
                for way in ("up", "down"):
                    setattr(path, way, Weather(0.0, DELAY_S, JITTER_S))
                await asyncio.sleep(SETTLE_S)
                gaps, frozen_s = [], []
                for _ in range(blackouts):
                    gaps.append(await recover(path, pages))
                    frozen_s.append((await measure(pages, AFTER_S))[0] * AFTER_S / 100)
                say("recover_s", max(gaps), "s", 1.0, {"all": [round(gap, 2) for gap in gaps]})
                each = {"all": [round(frozen, 2) for frozen in frozen_s]}
                say("frozen_after_s", max(frozen_s), "s", None, each)
                path.close()


def say(
    name: str,
    value: float,
    unit: str,
    target: float | None,
    compared: dict[str, Any] | None = None,
    load: dict[str, Any] | None = None,
) -> None:
    line = {"figure": "M11", "name": name, "value": round(value, 2), "unit": unit, "target": target}
    more = {"compared": compared, "load": load}
    print(json.dumps(line | {key: said for key, said in more.items() if said}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    asyncio.run(run(*((12.0, 2) if arguments.short else (60.0, 6))))


if __name__ == "__main__":
    main()
