"""The lines of the reports, counted once and kept (migration 0003_lines says why and how)."""

import datetime as dt
import time

from django.db import connection, transaction
from django.utils import timezone

from interviews.states import RUNNING

from .selectors import GROUPS, LONGEST_DAYS, Asked, figures_of, scopes_of_reports

BATCH = 2000
BUDGET_S = 20.0
KEEP_BUDGET_S = 300.0

# The oldest marks. A running call is touched again and again: it is counted when it is over, by who
# looks until then.
_NEXT = {
    "call": """
SELECT d.call_id FROM analytics_touched_calls d
LEFT JOIN interviews_call c ON c.id = d.call_id
WHERE c.state IS NULL OR c.state <> ALL(%(running)s) ORDER BY d.id LIMIT %(most)s
""",
    "request": """
SELECT request_id FROM analytics_touched_requests ORDER BY id LIMIT %(most)s
""",
}
_TAKE = "DELETE FROM analytics_touched_{kind}s WHERE {kind}_id = ANY(%s)"
_FORGET = "DELETE FROM analytics_{kind}_lines WHERE {kind}_id = ANY(%s)"
_COUNT = """
INSERT INTO analytics_{kind}_lines
SELECT * FROM analytics_counted_{kind}s WHERE {kind}_id = ANY(%s)
"""
# What is kept of the months the lines were and are in is of another version now (analytics.sums).
_VERSION = """
INSERT INTO analytics_month_versions (kind, month, version)
SELECT DISTINCT '{kind}', date_trunc('month', day)::date, 1 FROM analytics_{kind}_lines
WHERE {kind}_id = ANY(%s) AND day IS NOT NULL
ON CONFLICT (kind, month) DO UPDATE SET version = analytics_month_versions.version + 1
"""
_ONE_MARK_EACH = """
DELETE FROM analytics_touched_calls d
WHERE EXISTS (SELECT FROM analytics_touched_calls l WHERE l.call_id = d.call_id AND l.id > d.id)
"""


def count_lines_again(budget_s: float = BUDGET_S) -> int:
    """Count what was touched, for at most `budget_s` seconds; how many lines were counted.

    A mark that is made while its line is being counted stays: it is of a transaction that the count
    did not see, and is not among those taken. Killed at any instant, the marks are there.
    """
    until, counted = time.monotonic() + budget_s, 0
    for kind in _NEXT:
        while time.monotonic() < until:
            found = _count_batch(kind)
            counted += found
            if not found:
                break
    with connection.cursor() as cursor:
        cursor.execute(_ONE_MARK_EACH)
    return counted


def _count_batch(kind: str) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        # Two that count the same line would both insert it.
        cursor.execute(f"LOCK TABLE analytics_{kind}_lines IN EXCLUSIVE MODE")
        cursor.execute(_NEXT[kind], {"running": [str(state) for state in RUNNING], "most": BATCH})
        keys = list({key for (key,) in cursor.fetchall()})
        if keys:
            for step in (_TAKE, _VERSION, _FORGET, _COUNT, _VERSION):
                cursor.execute(step.format(kind=kind), [keys])
    return len(keys)


def keep_months(budget_s: float = KEEP_BUDGET_S) -> int:
    """Ask what people will ask of a year, so that its months are kept (analytics.sums) before they
    come to work; how many questions were asked in `budget_s` seconds."""
    until, asked = time.monotonic() + budget_s, 0
    today = timezone.localdate()
    first = today - dt.timedelta(days=LONGEST_DAYS - 1)
    for seat_nos in scopes_of_reports():
        for by in GROUPS:
            if time.monotonic() >= until:
                return asked
            figures_of(Asked(first, today, by, seat_nos))
            asked += 1
    return asked
