"""Work that takes minutes stands in nobody's way (the whole system, real queues)."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from celery import current_app
from django.db import connection

from common.clock import db_now
from common.queues import LONG, SHORT
from interviews.models import Participant
from interviews.states import ParticipantRole, ParticipantState
from operations.programs import get_json
from recordings.services import ensure_recording
from tests.support.factories import make_call, make_ended_call
from tests.support.system import LiveSystem
from tests.support.waiting import wait_for

RECORDINGS = 14  # more than the system has threads


@contextmanager
def held(recordings: list[str]) -> Iterator[None]:
    """Somebody has these rows for as long as the block runs: who wants to work on one waits."""
    other = connection.copy()
    other.set_autocommit(False)
    try:
        with other.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM recordings_recording WHERE id = ANY(%s::uuid[]) FOR UPDATE",
                [recordings],
            )
            yield
    finally:
        other.rollback()
        other.close()


def waiting_for_a_row() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND wait_event_type = 'Lock' AND query ILIKE 'UPDATE \"recordings_recording\"%%'"
        )
        return int(cursor.fetchone()[0])


@pytest.mark.e2e
@pytest.mark.timeout(300)
def test_deadlines_are_kept_while_everything_that_takes_long_is_busy(
    live_system: LiveSystem,
) -> None:
    call = make_call()
    rows = [ensure_recording(make_ended_call().pk) for _ in range(RECORDINGS)]
    with held([str(row.pk) for row in rows]):
        checks = wait_for(lambda: said_busy(live_system), within_s=60, what="all long threads busy")
        now = db_now()
        place = Participant.objects.get(call=call, role=ParticipantRole.SEAT)
        Participant.objects.filter(pk=place.pk).update(
            state=ParticipantState.LOST, lost_at=now, reconnect_until=now - dt.timedelta(seconds=1)
        )

        def ended() -> bool:
            call.refresh_from_db()
            return not call.is_running

        wait_for(ended, within_s=20, what="the seat that did not come back ends the call")

        assert checks["celery"]["ok"]
        assert checks["celery-long"]["ok"]
        assert waiting_for_a_row() == 4


def said_busy(system: LiveSystem) -> dict[str, dict[str, object]] | None:
    _, body = get_json(system.port, "/readyz")
    checks = body["checks"]
    assert isinstance(checks, dict)
    return checks if "正在处理 4 项" in checks["celery-long"]["detail"] else None


def test_what_is_swept_every_second_is_short_and_what_takes_minutes_is_long() -> None:
    current_app.loader.import_default_modules()

    def queue_of(task: str) -> str:
        return str(current_app.amqp.router.route({}, task)["queue"].name)

    swept = {
        each["task"]
        for each in current_app.conf.beat_schedule.values()
        if isinstance(each["schedule"], float) and each["schedule"] <= 2
    }
    assert len(swept) >= 5
    assert {queue_of(task) for task in swept} == {SHORT}
    for task in (
        "recordings.tasks.process",
        "recordings.tasks.send_part",
        "recordings.tasks.keep",
        "exports.tasks.make_export",
        "marketing_media.tasks.encode",
        "credit_bridge.tasks.reconcile_daily",
        "qc.tasks.draw_samples",
        "qc.tasks.refresh_reasons",
        "queueing.tasks.replay",
        "analytics.tasks.count_lines_again",
    ):
        assert task in current_app.tasks
        assert queue_of(task) == LONG
