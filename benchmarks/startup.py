"""W8: how long `operations.run` takes to be ready the first and the second time, and to stop.

Downloads are not part of it: the environment is there. Run on an otherwise idle machine.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from operations.embedded import free_port  # noqa: E402  # after the path


def start_and_stop(folder: Path) -> tuple[float, float]:
    """Seconds until ready, and seconds until everything has stopped."""
    given = ("DATABASE_URL", "REDIS_URL", "SPOOL_DIR", "STORAGE_DIR")
    env = {key: value for key, value in os.environ.items() if key not in given}
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "operations.run", "--port", str(free_port())],
        cwd=PROJECT,
        env={**env, "RUN_DIR": str(folder)},
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "系统已就绪" in line:
            break
    else:
        sys.exit("".join(said))
    ready = time.monotonic() - begun
    process.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    process.communicate(timeout=30)
    return ready, time.monotonic() - begun


def report(name: str, value: float, target: float) -> None:
    figure = {"figure": "W8", "name": name, "value": round(value, 2), "unit": "s", "target": target}
    print(json.dumps(figure))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="one later start instead of three")
    repeats = 1 if parser.parse_args().short else 3
    folder = Path(tempfile.mkdtemp(prefix="startup-"))
    try:
        first, stop = start_and_stop(folder)
        later, stops = [], [stop]
        for _ in range(repeats):
            again, stop = start_and_stop(folder)
            later.append(again)
            stops.append(stop)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report("first_start_s", first, 240)
    report("later_start_s", max(later), 15)
    report("stop_s", max(stops), 5)


if __name__ == "__main__":
    main()
