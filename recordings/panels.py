"""What other rooms know about a call, shown where its recording is looked at (VID-1, QC-2).

The page stands below them: who knows more (dispatch, credit system, 质检) registers a panel when its
app is ready, as a handler of messages does.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise

from interviews.models import Call

Cell = str | Promise


@dataclass(frozen=True, slots=True)
class Picture:
    id: str
    url: str
    title: str
    person: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A table, and pictures below it. `note` stands where there is nothing to show, and says why."""

    title: Cell
    heads: tuple[Cell, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    pictures: tuple[Picture, ...] = ()
    note: Cell = ""


Maker = Callable[[Call], Panel]
_makers: dict[str, tuple[int, Maker]] = {}


def shows_panel(code: str, place: int) -> Callable[[Maker], Maker]:
    """Register the panel `code`; lower places come first."""

    def register(maker: Maker) -> Maker:
        _makers[code] = (place, maker)
        return maker

    return register


def panels_of(call: Call) -> list[Panel]:
    return [maker(call) for _place, maker in sorted(_makers.values(), key=lambda pair: pair[0])]
