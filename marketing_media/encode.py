"""`python -m marketing_media.encode SOURCE FOLDER`: JSON lines with progress, then the result."""

import argparse
import ctypes
import dataclasses
import json
import os
import resource
import signal
import sys
from pathlib import Path

from .playout import Unfit, encode

EXIT_UNFIT = 3
MAX_MEMORY_BYTES = 3 << 30
_PR_SET_PDEATHSIG = 1


def _say(**line: object) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    # An encoder whose Celery worker was killed must not go on beside its successor.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    try:
        encoded = encode(
            arguments.source, arguments.folder, lambda done: _say(progress=round(done, 3))
        )
    except Unfit as unfit:
        _say(unfit=unfit.problem)
        return EXIT_UNFIT
    _say(result=dataclasses.asdict(encoded))
    return 0


if __name__ == "__main__":
    sys.exit(main())
