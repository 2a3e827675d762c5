"""M11: a customer's phone without any network for 10, 60 and 170 s in the middle of a call.

The real system, both sides real Chromium. What was open when the network went stays dead when it is
back, as with a phone that returns with another address, and no browser is told that it is back.
Prints rejoin_s_10, rejoin_s_60, rejoin_s_170 (from the network's return until both see each other
moving) after it was checked that both counted down meanwhile, that nobody touched anything, that the
recording is one timeline with one gap as long as the absence, and that the invariants hold.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._scratch import system

CONTRACT = "YXD-2026-0318-00427"
ABSENCES_S = (10, 60, 170)


def measure(live: Any, folder: Path, away_s: int) -> None:
    from operations import demo_logins as logins
    from tests.support.absence import be_away, is_one_timeline
    from tests.support.bad_way import bad_way
    from tests.support.stage import connect, seat_and_customer, stored_recording

    with bad_way(live.port) as way, seat_and_customer(live, folder, way=way) as stage:
        call = connect(stage, phone=logins.CUSTOMERS[0], contract_no=CONTRACT)
        absence = be_away(stage, way, call, for_s=away_s)
        stage.seat.hang_up()
        recording, _copy = stored_recording(call, folder)
        is_one_timeline(recording, absence)
    live.manage("check_invariants")
    line = {
        "figure": "M11",
        "name": f"rejoin_s_{away_s}",
        "value": round(absence.rejoin_s, 2),
        "unit": "s",
        "target": None,
        "load": {"away_s": round(absence.away_s, 1), "average": round(os.getloadavg()[0], 1)},
    }
    print(json.dumps(line), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="10 s only")
    parser.add_argument("--away", type=int, metavar="S", help="so long only")
    given = parser.parse_args()
    if given.away is None:
        for away_s in ABSENCES_S[:1] if given.short else ABSENCES_S:
            # A system of its own: the seat of the call before still has its verdict to file.
            subprocess.run([sys.executable, __file__, "--away", str(away_s)], check=True)
        return
    with tempfile.TemporaryDirectory(prefix="absence-") as name, system(Path(name)) as live:
        measure(live, Path(name), given.away)


if __name__ == "__main__":
    main()
