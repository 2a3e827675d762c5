"""A life that is died in at every declared point, and goes on after each death.

The points are read from the source: a new `faultpoint("…")` is tried without a line in a test, and
one that no life reaches fails.
"""

import json
import os
import re
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connections

from common import faultpoint

ROOT = Path(__file__).resolve().parent.parent.parent
POINT = re.compile(r'\bfaultpoint\("([a-z_]+\.[a-z_]+)"\)')


def points(*places: str) -> set[str]:
    """The points declared in these files and folders."""
    found: list[str] = []
    for place in places:
        path = ROOT / place
        for file in [path] if path.is_file() else path.rglob("*.py"):
            found += POINT.findall(file.read_text(encoding="utf-8"))
    assert len(found) == len(set(found)), "a name is a place"
    return set(found)


@dataclass(frozen=True)
class Life:
    """`live` may be broken off anywhere and begun again; `whole` asserts what is there at its end."""

    points: set[str]
    begin: Callable[[], Any]
    live: Callable[[Any], None]
    whole: Callable[[Any], None]


class Trace:
    """Armed with this, a process notes the points it reaches instead of dying there."""

    def __init__(self, file: Path) -> None:
        self.file, self.seen = file, list[str]()

    def __hash__(self) -> int:
        return 0

    def __eq__(self, name: object) -> bool:
        if isinstance(name, str) and name not in self.seen:
            self.seen.append(name)
            self.file.write_text(json.dumps(self.seen))
        return False


def in_child(act: Callable[[Any], None], what: Any, armed: str | Trace = "") -> bool:
    """Whether a process of its own was killed while it acted; it must not end in another way."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            faultpoint.arm(armed if isinstance(armed, str) else "")
            if isinstance(armed, Trace):
                faultpoint._armed = armed  # type: ignore[assignment]
            act(what)
            code = 0
        except BaseException:  # noqa: BLE001 - told to whoever reads the test's output
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def die_at_each_point(
    life: Life, trace: Path, after_death: Callable[[], None] = lambda: None
) -> None:
    """As many lives as it takes to have died everywhere; each is whole at its end."""
    what = life.begin()
    assert not in_child(life.live, what, Trace(trace))
    life.whole(what)
    order = [point for point in json.loads(trace.read_text()) if point in life.points]
    assert set(order) == life.points
    while order:
        what = life.begin()
        killed = 0
        for point in list(order):
            if in_child(life.live, what, f"{point}:1"):
                order.remove(point)
                killed += 1
                after_death()
        assert killed, order
        assert not in_child(life.live, what)
        life.whole(what)
