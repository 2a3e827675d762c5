"""What other rooms know about a call, shown where its recording is looked at (VID-1, QC-2).

The page stands below them: who knows more (dispatch, credit system, 质检) registers a panel when its
app is ready, as a handler of messages does.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from django.utils.functional import Promise

from common.errors import NotFound
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
    """A table, and pictures below it. `note` stands where there is nothing to show, and says why.

    `late` is the code of a panel that the page asks for by itself; `again`: another try may show more.
    """

    title: Cell
    heads: tuple[Cell, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    pictures: tuple[Picture, ...] = ()
    note: Cell = ""
    late: str = ""
    again: bool = False


Maker = Callable[[Call], Panel]


@dataclass(frozen=True, slots=True)
class _Entry:
    place: int
    make: Maker
    meanwhile: Panel | None


_entries: dict[str, _Entry] = {}


def shows_panel(
    code: str, place: int, *, meanwhile: Panel | None = None
) -> Callable[[Maker], Maker]:
    """Register the panel `code`; lower places come first.

    With `meanwhile`, for a maker that asks another system: no page waits for it, that one stands in its
    place until it is there.
    """

    def register(maker: Maker) -> Maker:
        _entries[code] = _Entry(place, maker, meanwhile)
        return maker

    return register


def panels_of(call: Call) -> list[Panel]:
    """What is known here at once."""
    ordered = sorted(_entries.items(), key=lambda pair: pair[1].place)
    return [
        replace(entry.meanwhile, late=code) if entry.meanwhile else entry.make(call)
        for code, entry in ordered
    ]


def late_panel(call: Call, code: str) -> Panel:
    """Waits for whom its maker asks. Raises NotFound for one that the page has already."""
    entry = _entries.get(code)
    if entry is None or entry.meanwhile is None:
        raise NotFound
    return entry.make(call)
