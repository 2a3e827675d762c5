"""Dates follow what happened to a task, a contract or a rule, and only get later (STO-4)."""

import datetime as dt

import pytest
from django.utils import timezone

from interviews.services import settle_task
from outbox.services import deliver_one
from recordings import services, tasks
from recordings.models import Recording, RetentionRule, StoredObject
from recordings.services.keeping import add_months
from recordings.states import RetentionStart, Stage
from recordings.storage import LocalStore
from tests.recordings.conftest import MakeEnded, time_for
from tests.recordings.test_keeping import LONG_AGO, is_old, keys, settle_long_ago, stored
from tests.recordings.test_views import pretend_sealed
from tests.support.factories import SEAT_ACTOR, make_task

pytestmark = pytest.mark.django_db
__all__ = ["stored"]


@pytest.fixture
def locked(monkeypatch) -> dict[str, dt.date]:
    """Until when the store was told to lock each key, by the last word."""
    told: dict[str, dt.date] = {}
    monkeypatch.setattr(
        LocalStore, "retain", lambda _self, key, until: told.update({key: until.date()})
    )
    return told


def change(rule: RetentionRule, **terms: object) -> None:
    for name, value in terms.items():
        setattr(rule, name, value)
    assert services.save_rule(rule, actor=SEAT_ACTOR)


def deliver_all() -> None:
    while deliver_one():
        pass


def date_of(recording: Recording) -> dt.date | None:
    return Recording.objects.values_list("keep_until", flat=True).get(pk=recording.pk)


def in_months(months: int) -> dt.date:
    return add_months(timezone.localdate(), months)


# --- a rule that is changed -----------------------------------------------------------------


def test_a_longer_time_lengthens_what_is_dated_already_and_its_locks(stored, locked):
    rule = RetentionRule.objects.create(months=60, start=RetentionStart.CALL_ENDED)
    tasks.keep()
    assert date_of(stored) == in_months(60)

    change(rule, months=120)
    tasks.keep()

    assert date_of(stored) == in_months(120)
    assert locked == dict.fromkeys(keys(), in_months(120))


def test_a_shorter_time_cuts_nothing_that_was_said(stored, locked):
    rule = RetentionRule.objects.create(months=60, start=RetentionStart.CALL_ENDED)
    tasks.keep()

    change(rule, months=12)
    tasks.keep()

    assert date_of(stored) == in_months(60)
    assert set(locked.values()) == {in_months(60)}


def test_with_another_event_the_later_date_counts_and_none_before_it_comes(stored):
    rule = RetentionRule.objects.create(months=12, start=RetentionStart.CALL_ENDED)
    is_old(stored)
    tasks.keep()
    assert date_of(stored) == add_months(timezone.localdate() - LONG_AGO, 12)

    change(rule, start=RetentionStart.CONTRACT_ENDED)
    tasks.keep()
    assert date_of(stored) is None
    services.end_contract(stored.call.task.contract_no, timezone.localdate(), actor=SEAT_ACTOR)
    tasks.keep()

    assert date_of(stored) == in_months(12)


def test_a_rule_that_goes_leaves_its_product_to_that_of_all_others(stored):
    RetentionRule.objects.create(months=60, start=RetentionStart.CALL_ENDED)
    own = RetentionRule.objects.create(
        months=12, start=RetentionStart.CALL_ENDED, product_code="YXD"
    )
    tasks.keep()
    assert date_of(stored) == in_months(12)

    services.delete_rule(own.pk, actor=SEAT_ACTOR)
    tasks.keep()

    assert date_of(stored) == in_months(60)


def test_a_change_is_carried_on_where_a_killed_round_stopped(stored, ended_call, monkeypatch):
    services.ensure_recording(ended_call(video=False).pk)
    rule = RetentionRule.objects.create(months=60)
    services.set_keeping()
    Recording.objects.update(date_due=False)
    change(rule, months=120)
    monkeypatch.setattr("recordings.services.keeping.BATCH", 1)

    assert services.spread_rules(time_for(rows=1)) == 1
    assert services.spread_rules() == 1
    assert services.spread_rules() == 0
    assert Recording.objects.filter(date_due=True).count() == 2


def test_a_deletion_does_not_outrun_a_longer_time(stored):
    rule = RetentionRule.objects.create(months=6, deletes=True)
    settle_long_ago(stored)
    services.set_keeping()

    change(rule, months=60)

    assert services.delete_expired() == 0
    stored.refresh_from_db()
    assert stored.stage == Stage.STORED


# --- the task -------------------------------------------------------------------------------


def test_a_task_that_is_settled_dates_its_recordings(stored):
    RetentionRule.objects.create(months=60)
    tasks.keep()
    assert date_of(stored) is None

    settle_task(stored.call.task_id, passed=False, actor=SEAT_ACTOR, reasons=["收入"])
    deliver_all()
    tasks.keep()

    assert date_of(stored) == in_months(60)


def test_a_task_that_another_generation_takes_the_place_of_dates_its_recordings(stored):
    RetentionRule.objects.create(months=60)
    tasks.keep()

    make_task(contract_no=stored.call.task.contract_no)
    deliver_all()
    tasks.keep()

    assert date_of(stored) == in_months(60)


# --- the lock while there is no date ----------------------------------------------------------


@pytest.mark.parametrize("start", [RetentionStart.CONTRACT_ENDED, RetentionStart.TASK_SETTLED])
def test_files_are_locked_as_they_arrive_though_nothing_has_begun(
    start: str, ended_call: MakeEnded, locked: dict[str, dt.date]
) -> None:
    RetentionRule.objects.create(months=60, start=start)
    recording = services.ensure_recording(ended_call(video=False).pk)
    pretend_sealed(recording)

    assert services.process(recording.pk) is Stage.STORED

    assert locked == dict.fromkeys(keys(), in_months(60))
    assert date_of(recording) is None


def test_a_store_that_cannot_lock_now_is_told_by_a_round(ended_call, locked, monkeypatch):
    RetentionRule.objects.create(months=60)
    recording = services.ensure_recording(ended_call(video=False).pk)
    pretend_sealed(recording)

    def away(_self, _key, _until):
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(LocalStore, "retain", away)
        assert services.process(recording.pk) is Stage.STORED
        assert not StoredObject.objects.exclude(locked_until=None).exists()
    tasks.keep()

    assert locked == dict.fromkeys(keys(), in_months(60))


def test_the_event_prolongs_the_lock(stored, locked):
    RetentionRule.objects.create(months=60)
    is_old(stored)
    tasks.keep()
    assert set(locked.values()) == {add_months(timezone.localdate() - LONG_AGO, 60)}

    settle_task(stored.call.task_id, passed=False, actor=SEAT_ACTOR, reasons=["收入"])
    deliver_all()
    tasks.keep()

    assert locked == dict.fromkeys(keys(), in_months(60))


def test_a_rehearsal_is_not_locked(stored, locked):
    RetentionRule.objects.create(months=60)
    task = stored.call.task
    task.rehearsal = True
    task.save()

    tasks.keep()

    assert locked == {}
