"""Files and processes of the stages. What is written here is written beside and renamed when whole."""

import contextlib
import json
import os
import selectors as polling
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ParamSpec
from uuid import UUID

from django.conf import settings

from common.faultpoint import faultpoint
from recordings.errors import WorkFailed
from recordings.storage import make_durable

P = ParamSpec("P")
OUT = "out"
Line = dict[str, Any]


def call_folder(call_id: UUID) -> Path:
    return Path(settings.SPOOL_DIR) / str(call_id)


def out_folder(call_id: UUID) -> Path:
    folder = call_folder(call_id) / OUT
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def remove_folder(call_id: UUID) -> None:
    shutil.rmtree(call_folder(call_id), ignore_errors=True)


def put_in_place(arriving: Path, target: Path) -> None:
    """Durably, whole or not at all."""
    make_durable(arriving)
    faultpoint("file.arrived")
    arriving.replace(target)
    make_durable(target.parent)


def remove_leftovers(folder: Path, keep: Path) -> None:
    """What dead epochs left half done or beside what counts."""
    for file in folder.iterdir():
        if (file != keep and file.suffix == keep.suffix) or file.suffix == ".tmp":
            file.unlink(missing_ok=True)


def run_python(module: str, *arguments: str, limit_s: float) -> Iterator[Line]:
    """JSON lines of `python -m module`, as they come; a process that takes too long is killed.

    Raises WorkFailed with the exit status. Decoding what strangers sent happens only in there: a
    crash of a codec costs that process, never the Celery worker.
    """
    command = [sys.executable, "-m", module, *arguments]
    deadline = time.monotonic() + limit_s
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(  # noqa: S603 - our own module, arguments are paths we made
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=settings.BASE_DIR,
    ) as process:
        try:
            yield from _lines(process, deadline)
            status = process.wait(timeout=max(0.1, deadline - time.monotonic()))
        except (subprocess.TimeoutExpired, TimeoutError) as slow:
            raise WorkFailed(f"{module} took longer than {limit_s:.0f} s") from slow
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    if status != 0:
        raise WorkFailed(f"{module} ended with {status}")


def _lines(process: subprocess.Popen[bytes], deadline: float) -> Iterator[Line]:
    assert process.stdout is not None  # noqa: S101 - PIPE was asked for
    descriptor = process.stdout.fileno()
    held = b""
    with polling.DefaultSelector() as selector:
        selector.register(descriptor, polling.EVENT_READ)
        while True:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
            chunk = os.read(descriptor, 1 << 16)
            if not chunk:
                break
            *whole, held = (held + chunk).split(b"\n")
            for line in whole:
                yield json.loads(line)
    if held.strip():
        yield json.loads(held)


def every(seconds: float, act: Callable[P, object]) -> Callable[P, None]:
    """`act`, but not more often than that."""
    last = time.monotonic()

    def beat(*given: P.args, **named: P.kwargs) -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            last = time.monotonic()
            act(*given, **named)

    return beat
