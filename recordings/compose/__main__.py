"""The composing process: `python -m recordings.compose FOLDER OUT.mp4 --spec SPEC.json`.

Standard output carries JSON lines: `{"progress": 0.42}` about once a second, at last `{"result": …}`.
Exit status 3: there was nothing to compose.
"""

import argparse
import ctypes
import dataclasses
import json
import os
import signal
import sys
import time
from pathlib import Path

from recordings.folder import FolderUnreadable, read_folder

from .composer import NothingToCompose, compose
from .spec import Spec

EXIT_NOTHING = 3
_PR_SET_PDEATHSIG = 1


def _say(**line: object) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--spec", type=Path)
    parser.add_argument("--nice", type=int, default=10)
    arguments = parser.parse_args()
    # A composer whose Celery worker was killed must not go on beside its successor.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.nice(arguments.nice)
    spec = Spec.read(arguments.spec) if arguments.spec else Spec()
    said = 0.0

    def progress(done: float) -> None:
        nonlocal said
        if time.monotonic() - said >= 1.0:
            said = time.monotonic()
            _say(progress=round(done, 4))

    try:
        composed = compose(read_folder(arguments.folder), arguments.out, spec, progress)
    except (NothingToCompose, FolderUnreadable) as error:
        _say(nothing=str(error))
        return EXIT_NOTHING
    _say(result=dataclasses.asdict(composed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
