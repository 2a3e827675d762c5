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

VIEW, PERSONAL = "reports.view", "reports.personal"
LONGEST_DAYS = 366
# Group -> its expression in report.calls and report.waits.
GROUPS = {
    "day": "to_char(day, 'MM-DD')",
    "week": "to_char(date_trunc('week', day), 'MM-DD')",
    "month": "to_char(day, 'YYYY-MM')",
    "channel": "coalesce(nullif(channel_code, ''), '—')",
    "region": "coalesce(nullif(province, ''), '—')",
    "city": "coalesce(nullif(city, ''), '—')",
    "institution": "coalesce(institution_code, '—')",
    "seat": "coalesce(seat_no, '—')",
    "product": "coalesce(nullif(product_name, ''), product_code)",
}
# What may be exported line by line -> the moment it is asked by. Moments have indexes, days of the
# views are computed: a condition on a day would read everything there ever was.
EXPORTS = {
    "calls": "started_at",
    "waits": "arrived_at",
    "admission_attempts": "created_at",
    "outcomes": "settled_at",
}
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

# Every group, and all of them together, in one look.
_CALLS = """
SELECT name, grouping(name) = 1 AS is_total, {order} AS place, count(*) AS calls,
  count(*) FILTER (WHERE verdict = 'PASS') AS "PASS",
  count(*) FILTER (WHERE verdict = 'DOUBT') AS "DOUBT",
  count(*) FILTER (WHERE verdict = 'PARTIAL') AS "PARTIAL",
  count(*) FILTER (WHERE verdict = '') AS "OPEN",
  avg(talk_s) AS talk_s, percentile_cont(0.9) WITHIN GROUP (ORDER BY talk_s) AS talk_p90_s,
  avg(loss_up) AS loss_up, avg(rtt_ms) AS rtt_ms, avg(kbps_up) AS kbps_up,
  avg(poor_share) AS poor_share, avg(gaps) AS gaps, sum(gap_s) AS gap_s,
  avg(greatest(legs - customers, 0)) AS reconnects, avg(rating) AS rating
FROM (SELECT {group} AS name, * FROM report.calls WHERE {where}) AS found
GROUP BY GROUPING SETS ((name), ()) ORDER BY is_total DESC, place LIMIT {limit}
"""
_WAITS = """
SELECT name, grouping(name) = 1 AS is_total, {order} AS place, count(*) AS entered,
  count(*) FILTER (WHERE answered) AS answered,
  count(*) FILTER (WHERE answered AND waited_s <= %(in_time_s)s) AS in_time,
  count(*) FILTER (WHERE abandoned AND waited_s >= %(short_s)s) AS abandoned,
  count(*) FILTER (WHERE abandoned AND waited_s < %(short_s)s) AS short,
  avg(waited_s) FILTER (WHERE answered) AS waited_s,
  percentile_cont(0.9) WITHIN GROUP (ORDER BY waited_s) FILTER (WHERE answered) AS waited_p90_s
FROM (
  SELECT {group} AS name, state = 'CONNECTED' AND closed_at IS NOT NULL AS answered,
    state = 'ABANDONED' AND closed_at IS NOT NULL AS abandoned, *
  FROM report.waits WHERE {where}) AS found
GROUP BY GROUPING SETS ((name), ()) ORDER BY is_total DESC, place LIMIT {limit}
"""
_REASONS = """
SELECT reason, count(*) FROM report.outcomes, unnest(reasons) AS reason
WHERE {where}
GROUP BY reason ORDER BY count(*) DESC, reason LIMIT 20
"""
_ADMISSION = """
SELECT reason, count(*) FROM report.admission_attempts
WHERE {where} GROUP BY reason ORDER BY count(*) DESC, reason
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
    in_time = asked.by in IN_TIME
    most = LONGEST_DAYS if in_time else MAX_GROUPS
    shape = {
        "group": GROUPS[asked.by],
        "order": "min(day)" if in_time else "-count(*)",
        "limit": most + 1,  # and all together
    }
    parameters = _parameters(asked) | {
        "in_time_s": value_of("service_level_s"),
        "short_s": value_of("short_abandon_s"),
    }
    calls = _rows(_CALLS.format(where=_where("calls", asked), **shape), parameters)
    waits = _rows(_WAITS.format(where=_where("waits", asked), **shape), parameters)
    total = calls.pop(0) | waits.pop(0)
    rows = {row["name"]: row for row in calls}
    for row in waits:
        rows[row["name"]] = row | rows.get(row["name"], {})
    ordered = sorted(rows.values(), key=lambda row: row["place"])[:most]
    for row in (total, *ordered):
        row |= _shares(row)
    _label(ordered, asked.by)
    admission = []
    if asked.seat_nos is None:  # an attempt belongs to no seat
        told = _rows(_ADMISSION.format(where=_where("admission_attempts", asked)), parameters)
        admission = [(str(REASONS.get(row["reason"], row["reason"])), row["count"]) for row in told]
    reasons = _rows(_REASONS.format(where=_where("outcomes", asked)), parameters)
    return Figures(
        rows=ordered,
        reasons=[(row["reason"], row["count"]) for row in reasons],
        admission=admission,
        total=total,
    )


def _shares(row: dict[str, Any]) -> dict[str, float | None]:
    """Service level and abandonment leave those out who left at once; doubts are of those filed."""
    answered, abandoned = row.get("answered") or 0, row.get("abandoned") or 0
    filed = (row.get("PASS") or 0) + (row.get("DOUBT") or 0) + (row.get("PARTIAL") or 0)
    return {
        "service_level": share(row.get("in_time") or 0, answered, abandoned),
        "abandonment": share(abandoned, answered, abandoned),
        "doubt_rate": row["DOUBT"] / filed if filed else None,
    }


def _parameters(asked: Asked) -> dict[str, Any]:
    seats = list(asked.seat_nos or ())
    return {"begin": asked.begin, "end": asked.end, "seats": seats, **dict(asked.only)}


def _where(what: str, asked: Asked) -> str:
    """What of a view is asked for; the values are in `_parameters`."""
    parts = [f"{EXPORTS[what]} >= %(begin)s", f"{EXPORTS[what]} < %(end)s"]
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
        row["label"] = labels.get(row["name"], row["name"])


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


def _rows(sql: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, line, strict=True)) for line in cursor.fetchall()]
