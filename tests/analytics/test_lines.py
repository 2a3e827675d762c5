"""Lines of the reports are counted once and kept, and right at every moment (REP-1)."""

import importlib
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from analytics.selectors import Asked, figures_of
from analytics.services import count_lines_again
from customer_sdk.models import CallRating
from interviews.models import Call, InterviewTask, Leg, QualitySummary, TimelineEvent
from interviews.states import CallState
from qc.models import QcReview
from queueing.models import CallRequest, Offer
from recordings.models import Recording
from tests.analytics.test_reports import TODAY, a_call
from tests.support.factories import make_call, make_seat

# The views as they were when they counted everything at each look.
COUNTED = {
    "report.calls": importlib.import_module("analytics.migrations.0001_report_views").VIEWS[
        "report.calls"
    ],
    "report.waits": importlib.import_module("analytics.migrations.0002_waits_by_place").AFTER,
}
TOUCHED = ("analytics_touched_calls", "analytics_touched_requests")


def rows(sql: str) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        names = [column[0] for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return sorted(found, key=str)


def count(table: str) -> int:
    return int(rows(f"SELECT count(*) AS n FROM {table}")[0]["n"])  # noqa: S608 - names of this file


def assert_right() -> None:
    for view, counted in COUNTED.items():
        assert rows(f"SELECT * FROM {view}") == rows(counted), view  # noqa: S608


def customer(call: Call) -> Any:
    return call.participants.get(role="customer")


def tagged(call: Call) -> None:
    call.events.create(kind="tag", at_ms=1, payload={"kind": "identity"})


def untagged(call: Call) -> None:
    TimelineEvent.objects.filter(call=call).delete()


def gap_ended(call: Call) -> None:
    call.events.filter(kind="gap").update(until_ms=9000)


def came_back(call: Call) -> None:
    Leg.objects.create(
        participant=customer(call), number=7, media_epoch=1, closed_at=timezone.now()
    )


def quality_told(call: Call) -> None:
    QualitySummary.objects.create(
        participant=customer(call), samples=2, loss_up_sum=4.0, rtt_samples=1, rtt_ms_sum=90.0
    )


def rated(call: Call) -> None:
    CallRating.objects.create(participant_id=customer(call).pk, call=call, stars=4)


def rated_anew(call: Call) -> None:
    rated(call)
    count_lines_again()
    CallRating.objects.update(stars=1)


def verdict_changed(call: Call) -> None:
    Call.objects.filter(pk=call.pk).update(verdict="PASS")


def other_seat(call: Call) -> None:
    Call.objects.filter(pk=call.pk).update(seat=make_seat())


def task_settled(call: Call) -> None:
    InterviewTask.objects.filter(pk=call.task_id).update(state="PASSED", property_city="330100")


def rehearsed(call: Call) -> None:
    InterviewTask.objects.filter(pk=call.task_id).update(rehearsal=True)


def stored(call: Call) -> None:
    Recording.objects.update_or_create(
        call=call,
        defaults={"day": TODAY, "serial": 7, "download_name": "x", "stage": "STORED", "bytes": 5},
    )


def reviewed(call: Call) -> None:
    QcReview.objects.update_or_create(call=call, defaults={"state": "PASSED", "points": 90})


def waited_longer(call: Call) -> None:
    CallRequest.objects.filter(call=call).update(closed_at=timezone.now())


def request_moved(call: Call) -> None:
    CallRequest.objects.filter(call=call).update(call=None, state="ABANDONED")


def rang_again(call: Call) -> None:
    request = CallRequest.objects.get(call=call)
    Offer.objects.create(
        request=request, seat=call.seat, state="MISSED", deadline_at=request.arrived_at
    )


def person_moved_and_renumbered(call: Call) -> None:
    user = call.seat.user
    user.staff_no = "S-NEW"
    user.save(update_fields=["staff_no"])


CHANGES = (
    *(tagged, untagged, gap_ended, came_back, quality_told, rated, rated_anew, verdict_changed),
    *(other_seat, task_settled, rehearsed, stored, reviewed, waited_longer, request_moved),
    *(rang_again, person_moved_and_renumbered),
)


@pytest.mark.django_db
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_whatever_changes_is_seen_at_once_and_still_after_it_was_counted_again(change):
    call = a_call()
    call.events.create(kind="gap", at_ms=1000, until_ms=4000)
    count_lines_again()
    assert [count(table) for table in TOUCHED] == [0, 0]
    assert count("analytics_call_lines") == 1
    before = rows("SELECT * FROM report.calls"), rows("SELECT * FROM report.waits")

    change(call)

    assert (rows("SELECT * FROM report.calls"), rows("SELECT * FROM report.waits")) != before
    assert_right()
    count_lines_again()
    assert [count(table) for table in TOUCHED] == [0, 0]
    assert_right()


@pytest.mark.django_db
def test_a_running_call_is_counted_by_who_looks_and_leaves_one_mark():
    call = make_call()
    for at_ms in range(5):
        call.events.create(kind="tag", at_ms=at_ms, payload={"kind": "identity"})
    assert call.state != CallState.FILED

    count_lines_again()

    assert count("analytics_call_lines") == 0
    assert count("analytics_touched_calls") == 1
    assert_right()


@pytest.mark.django_db(transaction=True)
def test_what_is_written_while_lines_are_counted_is_counted_next_time():
    call = a_call()
    other = connections.create_connection("default")
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(
                "INSERT INTO interviews_timelineevent (id, call_id, kind, at_ms, payload,"
                " created_by, created_at) VALUES (gen_random_uuid(), %s, 'snapshot', 1, '{}', '', now())",
                [call.pk],
            )
        count_lines_again()  # does not see it, and does not wait for it
        other.commit()
    finally:
        other.close()

    assert rows("SELECT snapshots FROM report.calls") == [{"snapshots": 1}]
    assert_right()
    count_lines_again()
    assert count("analytics_touched_calls") == 0
    assert_right()


@pytest.mark.django_db
def test_figures_are_the_same_kept_or_counted():
    a_call()
    a_call()
    fresh = figures_of(Asked(TODAY, TODAY, "seat"))

    count_lines_again()

    assert figures_of(Asked(TODAY, TODAY, "seat")) == fresh
