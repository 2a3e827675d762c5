"""Figures out of the views of docs/reporting.md (REP-1): what a page shows and a file holds."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import Institution, User
from accounts.selectors import staff_nos_in_scope
from channels_admin.regions import name_of
from channels_admin.reports import REASONS
from exports.sources import CHUNK

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
_VERDICTS = ("PASS", "DOUBT", "PARTIAL", "")

_CALLS = """
SELECT {group} AS name, {order} AS place, count(*) AS calls,
  count(*) FILTER (WHERE verdict = 'PASS') AS "PASS",
  count(*) FILTER (WHERE verdict = 'DOUBT') AS "DOUBT",
  count(*) FILTER (WHERE verdict = 'PARTIAL') AS "PARTIAL",
  count(*) FILTER (WHERE verdict = '') AS "OPEN",
  avg(talk_s) AS talk_s, percentile_cont(0.9) WITHIN GROUP (ORDER BY talk_s) AS talk_p90_s,
  avg(loss_up) AS loss_up, avg(rtt_ms) AS rtt_ms, avg(kbps_up) AS kbps_up,
  avg(poor_share) AS poor_share, avg(gaps) AS gaps, sum(gap_s) AS gap_s,
  avg(greatest(legs - customers, 0)) AS reconnects, avg(rating) AS rating
FROM report.calls
WHERE started_at >= %(begin)s AND started_at < %(end)s AND {scope}
GROUP BY name ORDER BY place LIMIT {limit}
"""
_WAITS = """
SELECT {group} AS name, count(*) AS entered,
  count(*) FILTER (WHERE state = 'CONNECTED') AS answered,
  count(*) FILTER (WHERE state = 'ABANDONED') AS abandoned,
  avg(waited_s) FILTER (WHERE state = 'CONNECTED') AS waited_s,
  percentile_cont(0.9) WITHIN GROUP (ORDER BY waited_s)
    FILTER (WHERE state = 'CONNECTED') AS waited_p90_s
FROM report.waits
WHERE arrived_at >= %(begin)s AND arrived_at < %(end)s AND {scope}
GROUP BY name
"""
_REASONS = """
SELECT reason, count(*) FROM report.outcomes, unnest(reasons) AS reason
WHERE settled_at >= %(begin)s AND settled_at < %(end)s AND {scope}
GROUP BY reason ORDER BY count(*) DESC, reason LIMIT 20
"""
_ADMISSION = """
SELECT reason, count(*) FROM report.admission_attempts
WHERE created_at >= %(begin)s AND created_at < %(end)s GROUP BY reason ORDER BY count(*) DESC, reason
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """From `first` to `last` (both included), by one of GROUPS, within seats; None: all of them."""

    first: dt.date
    last: dt.date
    by: str = "day"
    seat_nos: tuple[str, ...] | None = None

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
    parameters = {"begin": asked.begin, "end": asked.end, "seats": list(asked.seat_nos or ())}
    scope = "true" if asked.seat_nos is None else "seat_no = ANY(%(seats)s)"
    group = GROUPS[asked.by]
    in_time = asked.by in {"day", "week", "month"}
    shape = {
        "group": group,
        "order": "min(day)" if in_time else "-count(*)",
        "scope": scope,
        "limit": LONGEST_DAYS if in_time else MAX_GROUPS,
    }
    rows = _rows(_CALLS.format(**shape), parameters)
    waits = {row["name"]: row for row in _rows(_WAITS.format(**shape), parameters)}
    for row in rows:
        row |= {key: value for key, value in waits.get(row["name"], {}).items() if key != "name"}
    _label(rows, asked.by)
    whole = {**shape, "group": "'all'", "order": "1"}
    totals = _rows(_CALLS.format(**whole), parameters)
    waited = _rows(_WAITS.format(**whole), parameters)
    admission = []
    if asked.seat_nos is None:  # an attempt belongs to no seat
        admission = [
            (str(REASONS.get(row["reason"], row["reason"])), row["count"])
            for row in _rows(_ADMISSION, parameters)
        ]
    return Figures(
        rows=rows,
        reasons=[
            (row["reason"], row["count"]) for row in _rows(_REASONS.format(scope=scope), parameters)
        ],
        admission=admission,
        total={**(totals[0] if totals else {}), **(waited[0] if waited else {})},
    )


def _label(rows: list[dict[str, Any]], by: str) -> None:
    """Places and institutions by their names; everything else says itself what it is."""
    names = dict(Institution.objects.values_list("code", "name")) if by == "institution" else {}
    for row in rows:
        name = row["name"]
        row["label"] = name_of(name) if by in {"region", "city"} else names.get(name, name)


def lines_of(what: str, asked: Asked, *, personal: bool) -> Iterator[Sequence[str]]:
    """A view's lines as text, heads first; names and contracts only where `personal`."""
    schema = "report_personal" if personal else "report"
    sql, parameters = _lines(f"{schema}.{what}", what, asked)
    with connection.chunked_cursor() as cursor:
        cursor.execute(f"SELECT * {sql} ORDER BY 1", parameters)
        batch = cursor.fetchmany(CHUNK)  # the heads are not known before
        yield [column[0] for column in cursor.description]
        while batch:
            for line in batch:
                yield ["" if cell is None else _text(cell) for cell in line]
            batch = cursor.fetchmany(CHUNK)


def count_lines(what: str, asked: Asked, most: int) -> int:
    """No further than `most`."""
    sql, parameters = _lines(f"report.{what}", what, asked)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM (SELECT 1 {sql} LIMIT %s) AS found",  # noqa: S608 - of our own tables
            [*parameters, most],
        )
        (count,) = cursor.fetchone()
    return int(count)


def _lines(view: str, what: str, asked: Asked) -> tuple[str, list[Any]]:
    """Of the person's scope; an attempt belongs to no seat."""
    has_seat = what != "admission_attempts"
    scope = "true" if asked.seat_nos is None else "seat_no = ANY(%s)" if has_seat else "false"
    parameters: list[Any] = [asked.begin, asked.end]
    if asked.seat_nos is not None and has_seat:
        parameters.append(list(asked.seat_nos))
    sql = f"FROM {view} WHERE {EXPORTS[what]} >= %s AND {EXPORTS[what]} < %s AND {scope}"
    return sql, parameters


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
