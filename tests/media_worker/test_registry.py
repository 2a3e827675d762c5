"""Which worker gets the next call."""

import datetime as dt

import pytest

from media_worker.gateway import MediaUnavailable
from media_worker.models import MediaWorker
from media_worker.selectors import choose_worker, live_workers
from media_worker.services import record_heartbeat
from tests.support.factories import heartbeat

pytestmark = pytest.mark.django_db


def test_the_least_loaded_worker_is_chosen() -> None:
    record_heartbeat(heartbeat("busy", calls=5))
    record_heartbeat(heartbeat("idle", calls=1))

    assert choose_worker().worker_id == "idle"
    assert choose_worker(exclude=["idle"]).worker_id == "busy"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"draining": True}, id="draining"),
        pytest.param({"holds_another": False}, id="disk-full"),
        pytest.param({"lagging": True}, id="lagging"),
        pytest.param({"calls": 10}, id="at-capacity"),
    ],
)
def test_a_worker_that_cannot_take_a_call_is_not_chosen(fields: dict[str, object]) -> None:
    record_heartbeat(heartbeat("w", **fields))

    with pytest.raises(MediaUnavailable):
        choose_worker()


@pytest.mark.parametrize(
    "fields", [{"holds_another": False}, {"lagging": True}, {"calls": 10}], ids=str
)
def test_a_call_that_goes_on_is_taken_where_no_new_one_is_and_rather_where_there_is_room(
    fields: dict[str, object],
) -> None:
    record_heartbeat(heartbeat("a-full", **fields))
    assert choose_worker(going_on=True).worker_id == "a-full"

    record_heartbeat(heartbeat("b-roomy", calls=9))

    assert choose_worker(going_on=True).worker_id == "b-roomy"


def test_a_call_that_goes_on_prefers_a_late_worker_to_one_whose_disk_is_full() -> None:
    record_heartbeat(heartbeat("full", holds_another=False))
    record_heartbeat(heartbeat("late", lagging=True, calls=9))
    record_heartbeat(heartbeat("leaving", draining=True))

    assert choose_worker(going_on=True).worker_id == "late"


def test_a_worker_without_a_fresh_heartbeat_is_not_there() -> None:
    worker = record_heartbeat(heartbeat("w"))
    MediaWorker.objects.update(last_heartbeat_at=worker.last_heartbeat_at - dt.timedelta(seconds=7))

    assert not live_workers().exists()
    with pytest.raises(MediaUnavailable):
        choose_worker()


def test_a_second_heartbeat_updates_the_same_row() -> None:
    record_heartbeat(heartbeat("w", calls=1))
    record_heartbeat(heartbeat("w", calls=2, draining=True))

    worker = MediaWorker.objects.get()
    assert (worker.calls, worker.draining) == (2, True)
