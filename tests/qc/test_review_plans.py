"""What PostgreSQL does for agreement and clips: no review or opinion is read that nobody asked for."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role
from qc import selectors, services
from qc.models import CoachingClip
from qc.selectors import reject_reasons
from qc.states import ReviewMove
from tests.qc.test_second import ask, decided, take, user

pytestmark = pytest.mark.django_db
ROWS = 20_000
CLONE = """
INSERT INTO {table} SELECT (jsonb_populate_record(t, jsonb_build_object({changes}))).*
FROM {table} t, generate_series(1, {rows}) AS n
"""
AGO = "now() - n * interval '2 hours'"
# One row of each, cloned over four years.
CLONES = {
    "interviews_call": "'id', md5('c' || n)::uuid, 'number', 1000 + n",
    "qc_qcreview": f"'id', t.id + n, 'call_id', md5('c' || n)::uuid, 'decided_at', {AGO}",
    "qc_secondopinion": f"'id', t.id + n, 'review_id', t.review_id + n, 'decided_at', {AGO}",
    "qc_coachingclip": f"'id', t.id + n, 'review_id', t.review_id + n, 'made_at', {AGO}",
}


@pytest.fixture
def supervisor(db):
    """One who sees everybody's, among four years of reviews that all had a second opinion."""
    first, second = user("Q1"), user("Q2")
    review = decided(first)
    ask()
    services.give_second_opinion(
        take(second).pk, ReviewMove.REJECT, reviewer=second, reasons=reject_reasons()[:1]
    )
    CoachingClip.objects.create(
        review=review, call=review.call, from_ms=0, to_ms=1000, title="要点", made_by=first
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table, changes in CLONES.items():
            cursor.execute(CLONE.format(table=table, changes=changes, rows=ROWS))
        cursor.execute(f"ANALYZE {', '.join(CLONES)}")
    supervisor = user("M1")
    supervisor.roles.add(
        Role.objects.create(code="m", name="m", operations=["qc.view"], scope="all")
    )
    return supervisor


def scanned(read):
    """Large tables that the queries of `read` go through from end to end."""
    with CaptureQueriesContext(connection) as queries:
        read()
    found = set()
    with connection.cursor() as cursor:
        for query in queries.captured_queries:
            if query["sql"].startswith("SELECT"):
                cursor.execute("EXPLAIN " + query["sql"])
                plan = "\n".join(line for (line,) in cursor.fetchall())
                found |= {table for table in CLONES if f"Seq Scan on {table} " in plan}
    return found


def test_figures_of_a_few_days_and_a_page_of_clips_read_no_table_from_end_to_end(supervisor):
    today = timezone.localdate()

    def agreement():
        found = selectors.agreement(supervisor, today - dt.timedelta(days=1), today)
        assert found["whole"].pairs > 10

    def clips():
        assert list(selectors.clips_open_to(supervisor)[:20])

    def report():
        found = selectors.report(supervisor, today - dt.timedelta(days=1), today)
        assert found.total > 10

    assert scanned(agreement) == set()
    assert scanned(report) == set()
    assert scanned(clips) == set()
