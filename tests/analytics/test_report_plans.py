"""What PostgreSQL does for a report of a few days: it finds them by their moment's index.

One row of each kind, cloned eight thousand times over two years, with real statistics.
"""

import datetime as dt
import math
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from analytics.selectors import EXPORTS, Asked, count_lines, figures_of
from analytics.services import count_lines_again
from channels_admin.models import AdmissionAttempt
from interviews.models import InterviewTask
from tests.analytics.test_reports import a_call

pytestmark = pytest.mark.django_db
ROWS = 8_000
CLONE = """
INSERT INTO {table} SELECT (jsonb_populate_record(t, {changes})).*
FROM {table} t, generate_series(1, {rows}) AS n;
"""
AGO = "now() - n * interval '2 hours'"
TABLES = {
    "interviews_interviewtask": "'id', md5('t' || n)::uuid, 'contract_no', 'K' || n, "
    f"'created_at', {AGO}, 'settled_at', {AGO}",
    "interviews_call": "'id', md5('c' || n)::uuid, 'task_id', md5('t' || n)::uuid, "
    f"'clock_started_at', {AGO}, 'live_at', {AGO}, 'ended_at', {AGO}",
    "queueing_callrequest": "'id', md5('r' || n)::uuid, 'task_id', md5('t' || n)::uuid, "
    f"'call_id', md5('c' || n)::uuid, 'arrived_at', {AGO}, 'closed_at', {AGO}",
    "channels_admin_admissionattempt": f"'id', md5('a' || n)::uuid, 'created_at', {AGO}",
}
LINES = ("analytics_call_lines", "analytics_request_lines")
LARGE = frozenset((*TABLES, *LINES))


@pytest.fixture
def many_calls(db: None) -> None:
    call = a_call()
    InterviewTask.objects.filter(pk=call.task_id).update(settled_at=timezone.now())
    AdmissionAttempt.objects.create(channel_code="APP", admitted=False, reason="outside")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table, changes in TABLES.items():
            changed = f"jsonb_build_object({changes})"
            cursor.execute(CLONE.format(table=table, changes=changed, rows=ROWS))
        for kind, table in (("call", "interviews_call"), ("request", "queueing_callrequest")):
            cursor.execute(
                f"INSERT INTO analytics_touched_{kind}s ({kind}_id) SELECT id FROM {table}"  # noqa: S608
            )
        cursor.execute(f"ANALYZE {', '.join(TABLES)}")
    count_lines_again(math.inf)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(LINES)}")


@pytest.fixture
def read_whole(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Large tables that a query of the test reads from end to end, as `table: query`."""
    found: list[str] = []
    plain = CursorWrapper.execute

    def execute(self: CursorWrapper, sql: str, params: Any = None) -> Any:
        if "report." in sql:
            with connection.cursor() as other:
                plain(other, f"EXPLAIN (FORMAT JSON) {sql}", params)
                (told,) = other.fetchone()
            found.extend(f"{table}: {sql}" for table in _scanned(told[0]["Plan"]))
        return plain(self, sql, params)

    monkeypatch.setattr(CursorWrapper, "execute", execute)
    return found


def _scanned(plan: dict[str, Any]) -> Iterator[str]:
    if plan["Node Type"] == "Seq Scan" and plan["Relation Name"] in LARGE:
        yield plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from _scanned(part)


@pytest.mark.usefixtures("many_calls")
def test_figures_and_files_of_two_days_find_the_days_by_an_index(read_whole):
    today = timezone.localdate()
    asked = Asked(today - dt.timedelta(days=1), today)

    figures = figures_of(asked)
    lines = {what: count_lines(what, asked, 100) for what in EXPORTS}

    assert 10 < figures.total["calls"] < 30
    assert all(10 < count < 30 for count in lines.values())
    assert read_whole == []


@pytest.mark.usefixtures("many_calls")
def test_attempts_of_a_year_leave_rehearsals_out_without_reading_all_tasks(read_whole):
    today = timezone.localdate()

    count_lines("admission_attempts", Asked(today - dt.timedelta(days=364), today), 100)

    assert [each for each in read_whole if each.startswith("interviews_interviewtask")] == []
