"""M6: sound against picture in the stored file, by flash and beep.

A call with a late joiner, a loss of six seconds with a new connection, a worker that dies, a rotated
phone, parts that roll, and a network that delays picture and sound differently; the sender reports
are there, as in a real call. Every flash of every tile is compared with its beep.
"""

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from recordings.compose.composer import compose
from recordings.compose.spec import Spec
from recordings.folder import read_folder
from tests.support.footage import Take, make_call_folder
from tests.support.readback import read_mp4, skews_ms

SEAT_HZ, CUSTOMER_HZ = 700, 1500


def takes(seconds: float) -> list[Take]:
    third = seconds / 3
    seat = Take(
        "seat1", "林可欣", "seat", 0.2, third, who=1, tone_hz=SEAT_HZ, reports=True,
        arrival_ms=(35, 20),
    )  # fmt: skip
    customer = replace(
        seat, participant_id="cust1", name="张晓明", role="customer", from_s=4.37, who=2,
        tone_hz=CUSTOMER_HZ, arrival_ms=(180, 60),
    )  # fmt: skip
    lost_at, back_at = third * 1.4, third * 1.4 + 6.13
    return [
        seat,
        replace(seat, from_s=third, until_s=seconds, part=2),
        customer,
        replace(customer, from_s=third, until_s=lost_at, part=2, ended=False),
        replace(customer, from_s=back_at, until_s=third * 2.2, leg_no=2, epoch=2, arrival_ms=(90, 240)),
        replace(customer, from_s=third * 2.2, until_s=seconds, leg_no=2, epoch=2, part=2, size=(240, 320), arrival_ms=(90, 240)),
    ]  # fmt: skip


def say(name: str, value: float, target: float, **compared: float) -> None:
    line = {"figure": "M6", "name": name, "value": round(value, 2), "unit": "ms", "target": target}
    print(json.dumps(line | {"compared": compared}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    seconds = 60.0 if parser.parse_args().short else 1800.0
    work = Path(tempfile.mkdtemp(prefix="skew-bench-"))
    try:
        folder = make_call_folder(work, "call", takes(seconds), seconds)
        compose(read_folder(folder), work / "out.mp4", Spec())
        skews: list[float] = []
        for shape in ((4, 3), (3, 4)):  # before and after the phone was turned
            back = read_mp4(work / "out.mp4", tiles=2, shapes=[(4, 3), shape])
            tile = back.tiles[1]
            skews += skews_ms(tile.flashes, back.beeps(CUSTOMER_HZ))
        skews += skews_ms(back.tiles[0].flashes, back.beeps(SEAT_HZ))
        if len(skews) < seconds:
            raise SystemExit(f"only {len(skews)} flashes were read back")
        sizes = np.abs(skews)
        say("skew_p95_ms", float(np.percentile(sizes, 95)), 80, flashes=len(skews))
        say("skew_max_ms", float(sizes.max()), 200, mean=round(float(np.mean(skews)), 2))
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
