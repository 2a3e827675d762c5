"""A legal hold against a deletion that runs, on two connections (STO-4)."""

import threading
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from operations.children import wait_until
from recordings import services
from recordings.models import LegalHold, Recording, RetentionRule, StoredObject
from recordings.states import Stage
from recordings.storage import LocalStore, store
from tests.recordings.test_keeping import settle_long_ago
from tests.recordings.test_views import pretend_sealed
from tests.support.connections import beside, somebody_waits
from tests.support.factories import SEAT_ACTOR

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_S = 60


@pytest.fixture
def expired(ended_call):
    recording = services.ensure_recording(ended_call(video=False).pk)
    pretend_sealed(recording)
    assert services.process(recording.pk) is Stage.STORED
    RetentionRule.objects.create(months=6, deletes=True)
    settle_long_ago(recording)
    assert services.set_keeping() == 1
    return Recording.objects.select_related("call__task").get(pk=recording.pk)


def hold(recording):
    services.place_hold(recording.call.task.contract_no, reason="诉讼", actor=SEAT_ACTOR)


def keys():
    return list(StoredObject.objects.values_list("key", flat=True))


def test_a_hold_placed_after_the_certificate_was_written_wins(expired, monkeypatch):
    def placed_now(name):
        if name == "deletion.begun":
            beside(lambda: hold(expired)).join(PATIENCE_S)

    monkeypatch.setattr("recordings.services.retention.faultpoint", placed_now)

    assert services.delete_expired() == 0

    expired.refresh_from_db()
    assert expired.stage == Stage.STORED
    assert keys()
    assert all(store().exists(key) for key in keys())


def test_a_deletion_waits_for_a_hold_that_is_being_placed(expired):
    gone = []
    with transaction.atomic():
        hold(expired)
        deleting = beside(lambda: gone.append(services.delete_expired()))
        assert wait_until(somebody_waits, within_s=PATIENCE_S)
    deleting.join(PATIENCE_S)

    assert gone == [0]
    assert all(store().exists(key) for key in keys())


def test_a_hold_waits_for_the_bytes_that_are_just_going(expired, monkeypatch):
    order: list[str] = []
    held_up = threading.Event()

    class Slow(LocalStore):
        def delete(self, key):
            if not order:
                order.append("first file")
                held_up.wait(PATIENCE_S)
            super().delete(key)

    def delete():
        services.delete_expired()

    def place():
        hold(expired)
        order.append("held")

    slow = Slow(Path(settings.STORAGE_DIR))
    monkeypatch.setattr("recordings.services.retention.store", lambda _tier: slow)
    deleting = beside(delete)
    assert wait_until(lambda: bool(order), within_s=PATIENCE_S)
    placing = beside(place)
    assert wait_until(somebody_waits, within_s=PATIENCE_S)
    assert order == ["first file"]
    held_up.set()
    deleting.join(PATIENCE_S)
    placing.join(PATIENCE_S)

    expired.refresh_from_db()
    assert expired.stage == Stage.DELETED
    assert order == ["first file", "held"]
    assert LegalHold.objects.filter(released_at=None).exists()
