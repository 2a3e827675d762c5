"""M1 with real browsers: what one call of two Chromium pages costs the media worker.

Both pages use the SDK's connection, both sides are recorded. CPU is the worker's own, user and
system, over the measured time; one call alone carries the worker's idle work too.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from django.conf import settings

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
TOKEN = "benchmark"  # noqa: S105 - of a worker that lives for this run
settings.configure(MEDIA_CONTROL_TOKEN=TOKEN, USE_I18N=False)

from media_worker import gateway  # noqa: E402 - Django is configured first
from media_worker import protocol as p  # noqa: E402
from tests.support.chromium import STATS, chromium, join_by_sdk, open_page, shown_after  # noqa: E402
from tests.support.rtc import web_stub, worker_process  # noqa: E402

SETTLE_S = 15.0  # the browsers' own estimate of the bandwidth rises first


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def say(name: str, value: float, unit: str, target: float | None, **load: float) -> None:
    line = {"figure": "M1", "name": name, "value": round(value, 2), "unit": unit, "target": target}
    print(json.dumps(line | ({"load": load} if load else {})), flush=True)


async def run(seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with web_stub() as stub, chromium() as browser:
            with worker_process(Path(folder), stub.url, TOKEN) as worker:
                process = psutil.Process(worker.process.pid)
                idle = cpu_s(process)
                await asyncio.sleep(5)
                idle = (cpu_s(process) - idle) / 5
                opening = p.OpenCall(epoch=1, t0_unix_ms=int(time.time() * 1000))
                await gateway.aopen_call(worker.control_url, "call", opening)
                pages = [await open_page(browser, stub.url) for _ in range(2)]
                for page, who in zip(pages, ("seat", "cust"), strict=True):
                    await join_by_sdk(page, worker.control_url, "call", who)
                for page in pages:
                    await shown_after(page, 0)
                await asyncio.sleep(SETTLE_S)
                before = [(await page.evaluate(STATS))["video"]["decoded"] for page in pages]
                spent, began = cpu_s(process), time.monotonic()
                await asyncio.sleep(seconds)
                spent, took = cpu_s(process) - spent, time.monotonic() - began
                after = [(await page.evaluate(STATS))["video"]["decoded"] for page in pages]
    frames = min(b - a for a, b in zip(before, after, strict=True)) / took
    say("cpu_percent_chromium", 100 * spent / took, "% of a core", None, seconds=seconds)
    say("cpu_percent_idle_worker", 100 * idle, "% of a core", None)
    say("frames_per_s_chromium", frames, "1/s", None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    short = parser.parse_args().short
    logging.disable(logging.WARNING)
    asyncio.run(run(15.0 if short else 60.0))


if __name__ == "__main__":
    main()
