"""Child processes that never outlive their parent. Standard library only.

Every child is asked to die with the thread that started it (PR_SET_PDEATHSIG) and leads its own
session, so a Ctrl-C in the terminal reaches the supervisor alone, which stops them in order.
"""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(death_signal: signal.Signals) -> None:
    """Ask the kernel to send this process `death_signal` when its parent is gone."""
    _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)


def spawn(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    output: int | IO[bytes],
    death_signal: signal.Signals = signal.SIGKILL,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` with both streams on `output`, tied to the life of the calling thread."""
    parent = os.getpid()

    def tie_to_parent() -> None:
        die_with_parent(death_signal)
        if os.getppid() != parent:  # the parent died between fork and prctl
            os._exit(1)

    return subprocess.Popen(
        list(command),
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=tie_to_parent,
    )


def stop(process: subprocess.Popen[bytes], ask: signal.Signals, patience_s: float) -> bool:
    """Ask, wait, then kill. True when it went by itself."""
    if process.poll() is None:
        process.send_signal(ask)
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True


def wait_until(fact: Callable[[], bool], *, within_s: float, every_s: float = 0.05) -> bool:
    """Look until `fact()` holds. False when the deadline passed first."""
    deadline = time.monotonic() + within_s
    while not fact():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every_s)
    return True
