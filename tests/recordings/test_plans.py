"""What PostgreSQL does for a search: never a table from end to end (NFR-2, W4).

Twenty thousand rows with real statistics: enough that a plan without an index would be chosen if
there were no index, small enough to be made in a second.
"""

import datetime as dt

import pytest
from django.db import connection

from recordings.health import troubled
from recordings.selectors import Search, entries_found, messages_about, stored_in_order
from recordings.services import jobs, keeping, tiers
from tests.support.factories import make_call

pytestmark = pytest.mark.django_db
FILL = """
SET LOCAL session_replication_role = replica;
INSERT INTO recordings_archiveentry
  (recording_id, started_at, customer_name, name_plain, name_grams, contract_no, loan_type,
   manager_no, seat_no, province, city, county, words_plain, words)
SELECT md5(n::text)::uuid, timestamptz '2026-01-01' + n * interval '1 minute', name, name,
       ARRAY[substr(name, 1, 1), substr(name, 2, 1), substr(name, 3, 1), substr(name, 1, 2),
             substr(name, 2, 2)],
       'YXD-' || n, 'loan' || n % 200, 'm' || n % 300, 's' || n % 250, 'p' || n % 31 || '0000',
       'c' || n % 300 || '00', 'k' || n % 2000, 'w' || n % 997, ARRAY[substr(md5(n::text), 1, 2), substr(md5(n::text), 3, 2)]
FROM (SELECT n, chr(19968 + n * 7 % 300) || chr(19968 + n * 13 % 700) || chr(19968 + n * 17 % 900)
             AS name FROM generate_series(1, 20000) AS n) AS people;
SELECT gin_clean_pending_list('archive_by_name');
SELECT gin_clean_pending_list('archive_by_words');
ANALYZE recordings_archiveentry;
"""

SEARCHES = {
    "two characters of a name": Search(customer=chr(19968 + 13) + chr(19968 + 17)),
    "contract": Search(contract_no="YXD-77"),
    "seat": Search(seat_no="s7"),
    "manager": Search(manager_no="m7"),
    "loan type": Search(loan_type="loan7"),
    "province": Search(province="p70000"),
    "city": Search(city="c700"),
    "county": Search(county="k7"),
    "time": Search(from_day=dt.date(2026, 1, 14)),
    "a day": Search(from_day=dt.date(2026, 1, 10), until_day=dt.date(2026, 1, 10)),
    "words": Search(words="a7f"),
    "seat and name": Search(seat_no="s7", customer=chr(19968 + 13)),
    "nothing at all": Search(),
}


@pytest.fixture
def many_entries(db):
    with connection.cursor() as cursor:
        cursor.execute(FILL)


def test_a_search_reads_no_table_from_end_to_end(many_entries):
    plans = {what: entries_found(search)[:21].explain() for what, search in SEARCHES.items()}

    assert {what: plan for what, plan in plans.items() if "Seq Scan" in plan} == {}
    assert "archive_by_name" in plans["two characters of a name"]
    assert "archive_by_words" in plans["words"]


RECORDINGS = """
SET LOCAL session_replication_role = replica;
INSERT INTO recordings_recording
  (id, call_id, stage, day, serial, download_name, epoch, due_at, attempts, error, progress, file,
   storage_key, bytes, sha256, duration_ms, width, height, damaged, gaps, outputs, starts_at_ms,
   uncomposed, manifest, created_at, stored_at, date_due, cold_due)
SELECT md5(n::text)::uuid, md5('call' || n)::uuid, 'STORED', date '2026-01-01', n, n || '.mp4', 1,
       at, 0, '', 1, '', '', 0, '', 0, 0, 0, '[]', '[]', '{}', 0, '', '', at, at,
       false, date '2099-01-01'
FROM (SELECT n, timestamptz '2026-01-01' + n * interval '1 minute' AS at
      FROM generate_series(1, 5000) AS n) AS times;
ANALYZE recordings_recording;
"""
FILES = """
INSERT INTO recordings_storedobject
  (recording_id, kind, name, key, bytes, sha256, sent_bytes, confirmed_at, tier, is_held, lock_due)
SELECT md5(n::text)::uuid, 'track', 'a', n, 1, '', 0, now(), 'hot', false, false
FROM generate_series(1, 5000) AS n;
ANALYZE recordings_storedobject;
"""


CALLS = """
INSERT INTO interviews_call SELECT (jsonb_populate_record(one, jsonb_build_object(
    'id', md5('call' || n)::uuid, 'task_id', md5('t' || n)::uuid, 'ended_at', at,
    'clock_started_at', at))).*
FROM interviews_call AS one,
     (SELECT n, now() - n * interval '2 hours' AS at FROM generate_series(1, 5000) AS n) AS times;
ANALYZE interviews_call;
"""


def test_the_sweep_reads_the_calls_of_the_last_days_only(ended_call):
    ended_call(folder=False)
    with connection.cursor() as cursor:
        cursor.execute(RECORDINGS)
        cursor.execute(CALLS)

    plan = jobs.lost_calls()[:20].explain()

    assert "Index Scan" in plan
    assert "Seq Scan on interviews_call" not in plan


def test_a_round_of_keeping_reads_what_is_marked_only(db):
    with connection.cursor() as cursor:
        cursor.execute(RECORDINGS)
        cursor.execute(FILES)
    looked_for = []

    def note(rows, *_rest, order="pk"):
        looked_for.append(rows.order_by(order, "pk")[:500])
        return 0

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(keeping, "along", note)
        patched.setattr(tiers, "along", note)
        patched.setattr(tiers, "has_cold_tier", lambda: True)
        for step in (keeping.set_keeping, keeping.tell_dates, tiers.move_cold):
            step()

    plans = [rows.explain() for rows in looked_for]
    assert [
        index
        for plan, index in zip(
            plans, ("recording_to_date", "stored_to_lock", "recording_to_move"), strict=True
        )
        if index not in plan or "Seq Scan" in plan
    ] == []


MESSAGES = """
INSERT INTO outbox_outboxmessage
  (topic, handler, key, payload, state, attempts, created_at, due_at, last_error)
SELECT 'verdict.filed', 'h', 'YXD-' || n, '{}', 'done', 1, now(), now(), ''
FROM generate_series(1, 5000) AS n;
ANALYZE outbox_outboxmessage;
"""


def test_what_was_told_about_a_call_is_found_without_reading_what_was_told_of_others(db):
    call = make_call()
    with connection.cursor() as cursor:
        cursor.execute(MESSAGES)

    plan = messages_about(call).explain()

    assert "outbox_by_key" in plan
    assert "Seq Scan" not in plan


def test_what_is_wrong_is_found_without_reading_what_is_right(db):
    with connection.cursor() as cursor:
        cursor.execute(RECORDINGS)

    plan = troubled()[:200].explain()

    assert "recording_trouble" in plan
    assert "Seq Scan on recordings_recording" not in plan


def test_what_was_stored_since_is_read_in_the_order_of_storing(many_entries):
    with connection.cursor() as cursor:
        cursor.execute(RECORDINGS)
    since = dt.datetime(2026, 1, 3, tzinfo=dt.UTC)

    plan = stored_in_order(entries_found(Search()), since)[:51].explain()

    assert "recording_stored" in plan
    assert "Seq Scan" not in plan
    assert "Sort" not in plan
