"""What leaves the system as a file is audited (REP-1)."""

from collections.abc import Iterator, Sequence

from audit import services as audit
from common.actor import Actor

from .errors import TooManyLines
from .selectors import Asked, count_lines, export_lines

EXPORT_MAX = 100_000


def export(what: str, asked: Asked, *, personal: bool, actor: Actor) -> Iterator[Sequence[str]]:
    """Raises TooManyLines; nothing is audited then."""
    lines = count_lines(what, asked)
    if lines > EXPORT_MAX:
        raise TooManyLines(limit=EXPORT_MAX)
    audit.record(
        "report.exported",
        actor=actor,
        object_type="report",
        object_id=what,
        first=asked.first.isoformat(),
        last=asked.last.isoformat(),
        personal=personal,
        lines=lines,
    )
    return export_lines(what, asked, personal=personal)
