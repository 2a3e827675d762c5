"""Recordings become available in the order of their moments, whoever stores them (STO-1)."""

import threading

import pytest
from django.db import connection, transaction

from common.clock import db_now
from operations.children import wait_until
from recordings import services
from recordings.models import Recording
from recordings.services import jobs
from recordings.states import Stage
from tests.recordings.conftest import MakeEnded
from tests.recordings.test_views import pretend_sealed

pytestmark = pytest.mark.django_db(transaction=True)


def test_who_stores_while_another_has_not_committed_is_given_a_later_moment(
    ended_call: MakeEnded,
) -> None:
    recording = services.ensure_recording(ended_call(video=False).pk)
    pretend_sealed(recording)
    taken, over = threading.Event(), threading.Event()
    moments = []

    def slow() -> None:
        try:
            with transaction.atomic():
                jobs.take_turn()
                taken.set()
                assert over.wait(20)
                moments.append(db_now())
        finally:
            connection.close()

    def quick() -> None:
        try:
            services.process(recording.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=slow), threading.Thread(target=quick)]
    threads[0].start()
    assert taken.wait(20)
    threads[1].start()
    assert wait_until(someone_waits, within_s=20)
    assert not Recording.objects.filter(stage=Stage.STORED).exists()
    over.set()
    for thread in threads:
        thread.join(20)

    recording.refresh_from_db()
    assert recording.stage == Stage.STORED
    assert recording.stored_at is not None
    assert recording.stored_at > moments[0]


def someone_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return cursor.fetchone() is not None
