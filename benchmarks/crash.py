"""M5: what is lost when the media worker is killed at a random instant, and how soon all are back.

Prints JSON lines: lost_ms_max, calls_lost, back_s_p95. `back` is from the kill until every party has
a picture of the other from a new worker process that was started at once; how fast the site notices
(heartbeats) and how fast a client tries again come on top.
"""

import argparse
import asyncio
import json
import logging
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from django.conf import settings

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
TOKEN = "benchmark"  # noqa: S105 - of workers that live for this run
settings.configure(MEDIA_CONTROL_TOKEN=TOKEN, USE_I18N=False)

from media_worker import gateway  # noqa: E402 - Django is configured first
from media_worker import protocol as p  # noqa: E402
from tests.support.rtc import Peer, WorkerProcess, read_video, until, web_stub  # noqa: E402

PARTIES = ("seat", "customer")


async def join_all(url: str, calls: int, attempt: int) -> list[Peer]:
    """Every party of every call joins and has a picture of the other."""
    peers = []
    for number in range(calls):
        for role in PARTIES:
            peer = Peer()
            await peer.join(url, f"call-{number}", role, f"{role}-{attempt}", role)
            peers.append(peer)
    await asyncio.gather(*(peer.seen[0].wait_for(pictures=0) for peer in peers))
    return peers


async def one_round(calls: int, chance: random.Random) -> tuple[list[float], int, float]:
    """(lost milliseconds per track, calls lost, seconds until all were back)."""
    with tempfile.TemporaryDirectory() as folder:
        spool = Path(folder)
        async with web_stub() as stub:
            first = WorkerProcess(spool, stub.url, TOKEN)
            t0 = int(time.time() * 1000)
            for number in range(calls):
                body = p.OpenCall(epoch=1, t0_unix_ms=t0)
                await gateway.aopen_call(first.control_url, f"call-{number}", body)
            peers = await join_all(first.control_url, calls, 1)
            number_at = peers[0].camera.number
            length = 45 + chance.randrange(45)
            await until(lambda: peers[0].camera.number > number_at + length, "some is recorded")
            await asyncio.sleep(chance.random())
            killed = time.monotonic()
            killed_ms = time.time() * 1000 - t0
            first.kill()
            second = WorkerProcess(spool, stub.url, TOKEN)
            for number in range(calls):
                body = p.OpenCall(epoch=2, t0_unix_ms=t0)
                await gateway.aopen_call(second.control_url, f"call-{number}", body)
            again = await join_all(second.control_url, calls, 2)
            back_s = time.monotonic() - killed
            lost_ms: list[float] = []
            calls_lost = 0
            for number in range(calls):
                closed = await gateway.aclose_call(
                    second.control_url, f"call-{number}", reason="benchmark"
                )
                before = [t for t in closed.tracks if ".e1." in t.file]
                calls_lost += len(before) != 4 or len(closed.tracks) != 8
                lost_ms += [killed_ms - track.end_ms for track in before]
                for track in before:
                    if track.kind == "video":
                        calls_lost += read_video(spool / f"call-{number}" / track.file).missing > 0
            await asyncio.gather(*(peer.close() for peer in [*peers, *again]))
            await asyncio.to_thread(second.terminate)
    return lost_ms, calls_lost, back_s


async def run(rounds: int, calls: int) -> None:
    chance = random.Random(7)
    lost: list[float] = []
    back: list[float] = []
    calls_lost = 0
    for number in range(rounds):
        lost_ms, lost_calls, back_s = await one_round(calls, chance)
        lost += lost_ms
        calls_lost += lost_calls
        back.append(back_s)
        print(
            f"round {number}: lost up to {max(lost_ms):.0f} ms, back in {back_s:.1f} s",
            file=sys.stderr,
        )
    back.sort()
    load = {"rounds": rounds, "calls": calls}
    figure("lost_ms_max", max(lost), "ms", 1000, load)
    figure("calls_lost", calls_lost, "calls", 0, load)
    figure("back_s_p95", back[min(len(back) - 1, int(0.95 * len(back)))], "s", 10, load)


def figure(name: str, value: float, unit: str, target: float, load: dict[str, Any]) -> None:
    line = {"figure": "M5", "name": name, "value": round(value, 2), "unit": unit, "target": target}
    print(json.dumps({**line, "load": load}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    asyncio.run(run(3 if arguments.short else 12, 1 if arguments.short else 2))


if __name__ == "__main__":
    main()
