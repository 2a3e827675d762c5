"""M4, M7, M10: first picture, completeness of the tracks, how soon a call can be played back.

Both sides are real Chromium with the SDK's connection, through the real worker. The signalling of
the site (socket, database) is not part of it: first_picture_s begins when the customer's browser
makes its connection, playback_s ends when every raw track of the closed call can be opened.
"""

import argparse
import asyncio
import itertools
import json
import logging
import math
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import av
from django.conf import settings

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
TOKEN = "benchmark"  # noqa: S105 - of a worker that lives for this run
settings.configure(MEDIA_CONTROL_TOKEN=TOKEN, USE_I18N=False)

from playwright.async_api import Browser  # noqa: E402 - Django is configured first

from media_worker import gateway  # noqa: E402
from media_worker import protocol as p  # noqa: E402
from recordings.folder import read_folder  # noqa: E402
from tests.support.chromium import chromium, join_by_sdk, open_page, shown_after  # noqa: E402
from tests.support.network import Path as Way  # noqa: E402
from tests.support.rtc import WebStub, WorkerProcess, until, web_stub, worker_process  # noqa: E402

GAP_MS = 1000
Span = tuple[float, float]  # milliseconds of the call's clock


def p95(values: list[float]) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]


async def one_call(
    browser: Browser, stub: WebStub, worker: WorkerProcess, number: int, seconds: float
) -> dict[str, float]:
    """One call with a late joiner's first picture, a blackout that loses the leg, and its end."""
    call = f"call-{number}"
    t0 = int(time.time() * 1000)
    await gateway.aopen_call(worker.control_url, call, p.OpenCall(epoch=1, t0_unix_ms=t0))
    seat, customer = [await open_page(browser, stub.url) for _ in range(2)]
    way = Way()
    await way.lay()
    await join_by_sdk(seat, worker.control_url, call, "seat")
    await until(lambda: [e for e in stub.of("media.first_frame") if e.call_id == call], "it sends")
    tapped_ms = time.time() * 1000
    await join_by_sdk(customer, worker.control_url, call, "cust", path=way)
    connected = await until(
        lambda: [
            e for e in stub.of("leg.connected") if e.call_id == call and e.leg_id == "leg-cust"
        ],
        "the customer is connected",
    )
    shown = [await shown_after(page, tapped_ms) for page in (seat, customer)]
    late_ms = shown[1] - (t0 + connected[0].at_ms)
    await asyncio.sleep(seconds / 2)
    way.is_down = True
    await until(lambda: [e for e in stub.of("leg.lost") if e.call_id == call], "the loss is told")
    way.is_down = False
    await until(lambda: [e for e in stub.of("leg.recovered") if e.call_id == call], "it is back")
    await asyncio.sleep(seconds / 2)
    hung_up = time.monotonic()
    await gateway.aclose_call(worker.control_url, call, reason="benchmark")
    folder = read_folder(worker.spool / call)
    for part in folder.parts:
        with av.open(str(folder.path / part.file)) as container:
            next(container.decode(container.streams[0]))
    playback_s = time.monotonic() - hung_up
    way.close()
    for page in (seat, customer):
        await page.context.close()
    return {
        "first_s": (max(shown) - tapped_ms) / 1000,
        "late_s": max(0.0, late_ms) / 1000,
        "playback_s": playback_s,
        **completeness(worker.spool / call),
    }


def completeness(path: Path) -> dict[str, float]:
    """What lies within a track while its person was present, and gaps of a second the journal hides.

    A gap that the journal declares (the seconds of silence before a loss) is not presence; what a
    track holds beyond presence makes up for nothing.
    """
    folder = read_folder(path)
    lines = [json.loads(line) for line in (path / "journal.jsonl").read_text().splitlines()]
    told = [(s.end_ms, s.participant_id) for s in folder.connected]
    told += [
        (line["from_ms"], line["participant_id"]) for line in lines if line["kind"] == "track.gap"
    ]
    there = recorded = untold = 0.0
    for person in folder.people:
        stretches = [s for s in folder.connected if s.participant_id == person.participant_id]
        for kind in ("audio", "video"):
            parts = folder.parts_of(person.participant_id, kind)
            gaps = [
                (line["from_ms"], line["to_ms"])
                for line in lines
                if line["kind"] == "track.gap"
                and (line["participant_id"], line["track"]) == (person.participant_id, kind)
            ]
            connected: list[Span] = [(s.start_ms, min(s.end_ms, folder.end_ms)) for s in stretches]
            present = overlap(connected, outside(gaps))
            there += length(present)
            recorded += length(overlap(present, joined((p.start_ms, p.end_ms or 0) for p in parts)))
            for before, after in itertools.pairwise(parts):
                hole = after.start_ms - (before.end_ms or 0)
                near = [at for at, who in told if who == person.participant_id]
                known = any(abs(at - (before.end_ms or 0)) < 3500 for at in near)
                untold += hole >= GAP_MS and not known
    return {"there_ms": there, "recorded_ms": recorded, "untold": untold}


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same moments in order, none twice."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def outside(spans: Iterable[Span]) -> list[Span]:
    """Every moment of none of them."""
    edges = [-math.inf, *itertools.chain.from_iterable(joined(spans)), math.inf]
    return list(zip(edges[::2], edges[1::2], strict=True))


def overlap(ones: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    both = ((max(a, c), min(b, d)) for a, b in ones for c, d in others)
    return [span for span in both if span[0] < span[1]]


def length(spans: Iterable[Span]) -> float:
    return sum(end - start for start, end in spans)


async def run(calls: int, seconds: float) -> None:
    found = []
    with tempfile.TemporaryDirectory() as folder:
        async with web_stub() as stub, chromium() as browser:
            with worker_process(Path(folder), stub.url, TOKEN) as worker:
                for number in range(calls):
                    found.append(await one_call(browser, stub, worker, number, seconds))
                    print(found[-1], file=sys.stderr)
    load = {"calls": calls, "seconds": seconds}
    say("M4", "first_picture_s_p95", p95([one["first_s"] for one in found]), "s", 1.5, load)
    say("M4", "late_joiner_s_p95", p95([one["late_s"] for one in found]), "s", 0.5, load)
    whole = sum(one["recorded_ms"] for one in found) / sum(one["there_ms"] for one in found)
    say("M7", "completeness_percent", whole * 100, "%", 99.5, load)
    say("M7", "gaps_untold", sum(one["untold"] for one in found), "gaps", 0, load)
    say("M10", "playback_s", max(one["playback_s"] for one in found), "s", 3.0, load)


def say(
    figure: str, name: str, value: float, unit: str, target: float, load: dict[str, Any]
) -> None:
    line = {"figure": figure, "name": name, "value": round(value, 2), "unit": unit}
    print(json.dumps({**line, "target": target, "load": load}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    asyncio.run(run(*((2, 8.0) if arguments.short else (6, 30.0))))


if __name__ == "__main__":
    main()
