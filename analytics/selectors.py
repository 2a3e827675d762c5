"""Figures out of the views of docs/reporting.md (REP-1): what a page shows and a file holds."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import Institution, User
from accounts.selectors import staff_nos_in_scope
from channels_admin.regions import name_of
from channels_admin.reports import REASONS
from exports.sources import CHUNK
from parameters.selectors import value_of
from queueing.figures import share

from .sums import COUNTS, MEANS, MOMENTS, Question, Sums, rows_of

VIEW, PERSONAL = "reports.view", "reports.personal"
LONGEST_DAYS = 366
# Group -> its expression in report.calls and report.waits.
GROUPS = {
    "day": "to_char(day, 'YYYY-MM-DD')",
    "week": "to_char(date_trunc('week', day), 'YYYY-MM-DD')",
    "month": "to_char(day, 'YYYY-MM')",
    "channel": "coalesce(nullif(channel_code, ''), '—')",
    "region": "coalesce(nullif(province, ''), '—')",
    "city": "coalesce(nullif(city, ''), '—')",
    "institution": "coalesce(institution_code, '—')",
    "seat": "coalesce(seat_no, '—')",
    "product": "coalesce(nullif(product_name, ''), product_code)",
}
# What may be exported line by line -> the moment it is asked by.
EXPORTS = MOMENTS | {"outcomes": "settled_at"}
PERSONAL_EXPORTS = ("calls", "admission_attempts")
MAX_GROUPS = 60
IN_TIME = frozenset({"day", "week", "month"})
# What figures may be narrowed to: one name of these groups each.
FILTERS = tuple(name for name in GROUPS if name not in IN_TIME)
_OF_OUTCOME = {
    "institution": "seat_no IN (SELECT u.staff_no FROM accounts_user u"
    " JOIN accounts_institution i ON i.id = u.institution_id WHERE i.code = %(institution)s)"
}
_FILTERS_OF = {
    "calls": {name: f"{GROUPS[name]} = %({name})s" for name in FILTERS},
    "waits": {name: f"{GROUPS[name]} = %({name})s" for name in FILTERS},
    "outcomes": {name: f"{GROUPS[name]} = %({name})s" for name in FILTERS} | _OF_OUTCOME,
    # An attempt belongs to no seat, and to the place of a phone instead of a property.
    "admission_attempts": dict.fromkeys(FILTERS, "false")
    | {name: f"{GROUPS[name]} = %({name})s" for name in ("channel",)},
}

_REASONS = """
SELECT reason, count(*) FROM report.outcomes, unnest(reasons) AS reason
WHERE {where} AND reasons <> '{{}}'
GROUP BY reason ORDER BY count(*) DESC, reason LIMIT 20
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """From `first` to `last` (both included), by one of GROUPS, within seats; None: all of them.

    `only` narrows to one name of some FILTERS.
    """

    first: dt.date
    last: dt.date
    by: str = "day"
    seat_nos: tuple[str, ...] | None = None
    only: tuple[tuple[str, str], ...] = ()

    @property
    def begin(self) -> dt.datetime:
        return timezone.make_aware(dt.datetime.combine(self.first, dt.time.min))

    @property
    def end(self) -> dt.datetime:
        after = self.last + dt.timedelta(days=1)
        return timezone.make_aware(dt.datetime.combine(after, dt.time.min))


@dataclass(frozen=True, slots=True)
class Figures:
    """`rows` by group, in order; `reasons` and `admission` as (what, how often)."""

    rows: list[dict[str, Any]]
    reasons: list[tuple[str, int]]
    admission: list[tuple[str, int]]
    total: dict[str, Any]


def scope_of_reports(user: User) -> tuple[str, ...] | None:
    """Staff numbers whose calls the person may count; None means everybody's (ACC-3)."""
    return staff_nos_in_scope(user, VIEW)


def figures_of(asked: Asked) -> Figures:
    """Who left before any seat rang belongs to no seat: everybody who may look counts him."""
    calls, waits = (
        _question(what, asked).sums(asked.begin, asked.end) for what in ("calls", "waits")
    )
    names = sorted(calls.keys() | waits.keys())
    if asked.by not in IN_TIME:  # the most first
        names.sort(key=lambda name: (-calls[name].counts["calls"], -waits[name].counts["entered"]))
    admission = []
    if asked.seat_nos is None:  # an attempt belongs to no seat
        told = _question("admission_attempts", asked).sums(asked.begin, asked.end)
        found = sorted((-sums.counts["attempts"], reason) for reason, sums in told.items())
        admission = [(str(REASONS.get(reason, reason)), -count) for count, reason in found]
    reasons = rows_of(_REASONS.format(where=_where("outcomes", asked)), _parameters(asked))
    most = LONGEST_DAYS if asked.by in IN_TIME else MAX_GROUPS
    rows = [{"name": name} | _figures(calls[name], waits[name]) for name in names[:most]]
    _label(rows, asked.by)
    return Figures(
        rows=rows,
        reasons=[(row["reason"], row["count"]) for row in reasons],
        admission=admission,
        total=_figures(_together(calls), _together(waits)),
    )


def scopes_of_reports() -> list[tuple[str, ...] | None]:
    """Everybody's first, then each that some person counts within."""
    people = User.objects.filter(is_active=True, roles__operations__contains=[VIEW]).distinct()
    scopes = {scope_of_reports(user) for user in people}
    return [None, *sorted(filter(None, scopes))]


def _question(what: str, asked: Asked) -> Question:
    parameters = _narrowed(asked)
    if what == "waits":
        parameters |= {
            "in_time_s": value_of("service_level_s"),
            "short_s": value_of("short_abandon_s"),
        }
    group = "reason" if what == "admission_attempts" else GROUPS[asked.by]
    return Question(what, group, _condition(what, asked), parameters)


def _together(groups: dict[str, Sums]) -> Sums:
    whole = Sums()
    for sums in groups.values():
        whole.add(sums)
    return whole


def _figures(calls: Sums, waits: Sums) -> dict[str, Any]:
    row = {
        **{name: calls.counts[name] for name in COUNTS["calls"]},
        **{name: waits.counts[name] for name in COUNTS["waits"]},
        **{name: calls.mean(name) for name in MEANS["calls"]},
        **{name: waits.mean(name) for name in MEANS["waits"]},
        "talk_p90_s": calls.p90_s(),
        "waited_p90_s": waits.p90_s(),
    }
    return row | _shares(row)


def _shares(row: dict[str, Any]) -> dict[str, float | None]:
    """Service level and abandonment leave those out who left at once; doubts are of those filed."""
    answered, abandoned = row["answered"], row["abandoned"]
    filed = row["PASS"] + row["DOUBT"] + row["PARTIAL"]
    return {
        "service_level": share(row["in_time"], answered, abandoned),
        "abandonment": share(abandoned, answered, abandoned),
        "doubt_rate": row["DOUBT"] / filed if filed else None,
    }


def _narrowed(asked: Asked) -> dict[str, Any]:
    """The values in `_condition`."""
    return {"seats": list(asked.seat_nos or ()), **dict(asked.only)}


def _parameters(asked: Asked) -> dict[str, Any]:
    return _narrowed(asked) | {"begin": asked.begin, "end": asked.end}


def _where(what: str, asked: Asked) -> str:
    """What of a view is asked for; the values are in `_parameters`."""
    moment = EXPORTS[what]
    return f"{moment} >= %(begin)s AND {moment} < %(end)s AND {_condition(what, asked)}"


def _condition(what: str, asked: Asked) -> str:
    parts = ["true"]
    if asked.seat_nos is not None:
        mine = "seat_no = ANY(%(seats)s)"
        parts.append(
            {"waits": f"({mine} OR seat_no IS NULL)", "admission_attempts": "false"}.get(what, mine)
        )
    parts += [_FILTERS_OF[what][name] for name, _value in asked.only]
    return " AND ".join(parts)


def labelled(group: str, names: Iterable[str]) -> dict[str, str]:
    """Places and institutions by their names; everything else says itself what it is."""
    told = list(names)
    if group == "institution":
        return dict(Institution.objects.filter(code__in=told).values_list("code", "name"))
    return {name: name_of(name) for name in told} if group in {"region", "city"} else {}


def _label(rows: list[dict[str, Any]], by: str) -> None:
    labels = labelled(by, [row["name"] for row in rows])
    for row in rows:
        name = row["name"]
        row["label"] = name[len("2026-") :] if by in {"day", "week"} else labels.get(name, name)


def lines_of(what: str, asked: Asked, *, personal: bool) -> Iterator[Sequence[str]]:
    """A view's lines as text, heads first; names and contracts only where `personal`."""
    schema = "report_personal" if personal else "report"
    where = _where(what, asked)
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            f"SELECT * FROM {schema}.{what} WHERE {where} ORDER BY 1",  # noqa: S608 - our own words
            _parameters(asked),
        )
        batch = cursor.fetchmany(CHUNK)  # the heads are not known before
        yield [column[0] for column in cursor.description]
        while batch:
            for line in batch:
                yield ["" if cell is None else _text(cell) for cell in line]
            batch = cursor.fetchmany(CHUNK)


def count_lines(what: str, asked: Asked, most: int) -> int:
    """No further than `most`."""
    where = _where(what, asked)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM (SELECT FROM report.{what} WHERE {where} LIMIT %(most)s) AS found",  # noqa: S608 - of our own tables
            _parameters(asked) | {"most": most},
        )
        (count,) = cursor.fetchone()
    return int(count)


def _text(cell: Any) -> str:
    if isinstance(cell, list):
        return "；".join(map(str, cell))
    if isinstance(cell, dt.datetime):
        return cell.isoformat(" ", "seconds")
    return str(cell)
