"""The lines of the reports, counted once and kept (migration 0003_lines says why and how)."""

import time

from django.db import connection, transaction

from interviews.states import RUNNING

BATCH = 2000
BUDGET_S = 20.0

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
            for step in (_TAKE, _FORGET, _COUNT):
                cursor.execute(step.format(kind=kind), [keys])
    return len(keys)
