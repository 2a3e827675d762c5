"""What the figures of a report are put together from, and kept of the months that are over (W5, REP-1).

Sums, counts and seconds of two spans make those of both, so a year is twelve months and a rest. A
month is asked for once and kept in the cache, under its version: `analytics.services` gives it
another in the transaction that counts one of its lines anew, and a month with lines that are still
to be counted is neither read from the cache nor put there.
"""

import datetime as dt
import hashlib
import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from numpy.typing import NDArray

KEPT_S = 40 * 86_400  # of months nobody asks for
TENTHS = 10  # of a second: what a percentile is told in
# A mean of a value: its sum, and of how many lines that have it.
MEANS = {
    "calls": {
        **{name: name for name in ("loss_up", "rtt_ms", "kbps_up", "poor_share", "gaps", "rating")},
        "talk_s": "talk_s",
        "reconnects": "greatest(legs - customers, 0)",
    },
    "waits": {"waited_s": "waited_s"},
    "admission_attempts": {},
}
COUNTS = {
    "calls": {
        "calls": "true",
        "PASS": "verdict = 'PASS'",
        "DOUBT": "verdict = 'DOUBT'",
        "PARTIAL": "verdict = 'PARTIAL'",
        "OPEN": "verdict = ''",
    },
    "waits": {
        "entered": "true",
        "answered": "answered",
        "in_time": "answered AND waited_s <= %(in_time_s)s",
        "abandoned": "abandoned AND waited_s >= %(short_s)s",
        "short": "abandoned AND waited_s < %(short_s)s",
    },
    "admission_attempts": {"attempts": "true"},
}
# Of which lines means and percentiles are, and of which seconds.
_OF_LINES = {"calls": "true", "waits": "answered", "admission_attempts": "false"}
_SECONDS = {"calls": "talk_s", "waits": "waited_s", "admission_attempts": "0"}
_SOURCE = {
    "calls": "report.calls",
    "waits": """(SELECT *, state = 'CONNECTED' AND closed_at IS NOT NULL AS answered,
    state = 'ABANDONED' AND closed_at IS NOT NULL AS abandoned FROM report.waits) AS found""",
    "admission_attempts": "report.admission_attempts",
}
# Moments have indexes, days of the views are computed: a condition on a day would read everything.
MOMENTS = {"calls": "started_at", "waits": "arrived_at", "admission_attempts": "created_at"}
# The months without a line that is to be counted, each with its version. In one statement, so that
# both are of one moment: a line is counted, its mark taken and its month's version raised at once.
_MONTHS = """
WITH waiting (month) AS (
  SELECT date_trunc('month', l.day)
  FROM analytics_touched_{kind}s d JOIN analytics_{kind}_lines l USING ({kind}_id)
  UNION
  SELECT date_trunc('month', c.{moment} AT TIME ZONE 'Asia/Shanghai')
  FROM analytics_touched_{kind}s d JOIN {table} c ON c.id = d.{kind}_id
)
SELECT m.month, coalesce(v.version, 0) FROM unnest(%(months)s::date[]) AS m (month)
LEFT JOIN analytics_month_versions v ON v.month = m.month AND v.kind = '{kind}'
WHERE NOT EXISTS (SELECT FROM waiting w WHERE w.month = m.month)
"""
_VERSIONED = {
    "calls": _MONTHS.format(kind="call", table="interviews_call", moment="clock_started_at"),
    "waits": _MONTHS.format(kind="request", table="queueing_callrequest", moment="arrived_at"),
}
# Lines name the seat; who sits there, and of which institution he is, is looked up.
_PEOPLE = """
SELECT md5(coalesce(string_agg(concat_ws(' ', s.id, u.staff_no, i.code), ',' ORDER BY s.id), ''))
FROM seats_seat s JOIN accounts_user u ON u.id = s.user_id
LEFT JOIN accounts_institution i ON i.id = u.institution_id
"""

Tenths: TypeAlias = NDArray[np.int64]


def rows_of(sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, line, strict=True)) for line in cursor.fetchall()]


@dataclass(slots=True)
class Sums:
    """Of one group: how many lines, the sums of their values, and the times for a percentile."""

    counts: Counter[str] = field(default_factory=Counter)
    parts: list[Tenths] = field(default_factory=list)

    def add(self, other: "Sums") -> None:
        self.counts.update(other.counts)
        self.parts += other.parts

    def tenths(self) -> Tenths:
        return np.concatenate(self.parts) if self.parts else np.empty(0, np.int64)

    def p90_s(self) -> float | None:
        tenths = self.tenths()
        return float(np.quantile(tenths, 0.9)) / TENTHS if tenths.size else None

    def mean(self, name: str) -> float | None:
        return self.counts[f"sum_{name}"] / n if (n := self.counts[f"n_{name}"]) else None


@dataclass(frozen=True, slots=True)
class Question:
    """One of the views' lines, by `group` and where `condition` holds, both SQL over its columns."""

    kind: str
    group: str
    condition: str
    parameters: Mapping[str, Any]

    def sums(self, begin: dt.datetime, end: dt.datetime) -> defaultdict[str, Sums]:
        """By name of the group, of the moments from `begin` to before `end`."""
        months, rests = _split(begin, end)
        found: defaultdict[str, Sums] = defaultdict(Sums)
        for part in (*self._of_months(months), *(self._ask(*rest) for rest in rests)):
            for name, sums in part.items():
                found[name].add(sums)
        return found

    def _of_months(self, months: list[dt.datetime]) -> Iterable[dict[str, Sums]]:
        if not months:
            return []
        versions, whose = self._versions(months), self._whose()
        keys = {month: f"report/{whose}/{month:%Y-%m}/{versions.get(month)}" for month in months}
        kept = cache.get_many([keys[month] for month in versions])
        asked = {
            month: self._ask(month, _next(month)) for month in months if keys[month] not in kept
        }
        if asked:
            unchanged = versions.items() & self._versions(list(asked)).items()
            fresh = {keys[month]: _packed(asked[month]) for month, _version in unchanged}
            cache.set_many(fresh, KEPT_S)
        return [*asked.values(), *map(_unpacked, kept.values())]

    def _versions(self, months: list[dt.datetime]) -> dict[dt.datetime, int]:
        """Of those of the months with no line to be counted."""
        if self.kind not in _VERSIONED:
            return dict.fromkeys(months, 0)  # nothing ever changes an attempt
        by_day = {month.date(): month for month in months}
        with connection.cursor() as cursor:
            cursor.execute(_VERSIONED[self.kind], {"months": list(by_day)})
            return {by_day[day]: version for day, version in cursor.fetchall()}

    def _whose(self) -> str:
        """What differs between two questions about the same month."""
        with connection.cursor() as cursor:
            cursor.execute(_PEOPLE)
            (people,) = cursor.fetchone()
        told = [self.kind, self._sql(), people, sorted(self.parameters.items())]
        return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()

    def _sql(self) -> str:
        own = _OF_LINES[self.kind]
        columns = [
            *(
                f'count(*) FILTER (WHERE {held}) AS "{name}"'
                for name, held in COUNTS[self.kind].items()
            ),
            *(
                f"count({value}) FILTER (WHERE {own}) AS n_{name},"
                f" coalesce(sum({value}) FILTER (WHERE {own}), 0)::float8 AS sum_{name}"
                for name, value in MEANS[self.kind].items()
            ),
            f"string_agg(int4send(round({_SECONDS[self.kind]} * {TENTHS})::int), ''::bytea)"
            f" FILTER (WHERE {own}) AS seconds",
        ]
        moment = MOMENTS[self.kind]
        return (
            f"SELECT {self.group} AS name, {', '.join(columns)} FROM {_SOURCE[self.kind]}"  # noqa: S608 - our own words
            f" WHERE {moment} >= %(begin)s AND {moment} < %(end)s AND {self.condition} GROUP BY 1"
        )

    def _ask(self, begin: dt.datetime, end: dt.datetime) -> dict[str, Sums]:
        found = {}
        asked = {**self.parameters, "begin": begin, "end": end}
        for line in rows_of(self._sql(), asked):
            name, seconds = line.pop("name"), line.pop("seconds") or b""
            found[name] = Sums(Counter(line), [np.frombuffer(seconds, ">i4").astype(np.int64)])
        return found


def _split(
    begin: dt.datetime, end: dt.datetime
) -> tuple[list[dt.datetime], list[tuple[dt.datetime, dt.datetime]]]:
    """The months that are over and whole between the two, and the spans that are left."""
    this_month = _first(timezone.localtime())
    first = begin if begin == _first(begin) else _next(begin)
    months = []
    while _next(first) <= min(end, this_month):
        months.append(first)
        first = _next(first)
    if not months:
        return [], [(begin, end)]
    rests = [(begin, months[0]), (first, end)]
    return months, [(since, until) for since, until in rests if since < until]


def _first(moment: dt.datetime) -> dt.datetime:
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _next(moment: dt.datetime) -> dt.datetime:
    """When the month after begins. China has one time, all the year."""
    return _first(_first(moment) + dt.timedelta(days=31))


def _packed(found: dict[str, Sums]) -> bytes:
    """Sorted seconds are small steps: a tenth of the bytes."""
    told: list[tuple[str, dict[str, float], int]] = []
    steps: list[NDArray[Any]] = [np.empty(0, np.int64)]
    for name, sums in found.items():
        tenths = sums.tenths()
        told.append((name, dict(sums.counts), len(tenths)))
        steps.append(np.diff(np.sort(tenths), prepend=0))
    head, body = json.dumps(told).encode(), np.concatenate(steps).astype("<i4").tobytes()
    return zlib.compress(len(head).to_bytes(4) + head + body, 1)


def _unpacked(packed: bytes) -> dict[str, Sums]:
    whole = zlib.decompress(packed)
    body = 4 + int.from_bytes(whole[:4])
    steps = np.frombuffer(whole[body:], "<i4").astype(np.int64)
    found, at = {}, 0
    for name, counts, length in json.loads(whole[4:body]):
        found[name] = Sums(Counter(counts), [np.cumsum(steps[at : at + length])])
        at += length
    return found
