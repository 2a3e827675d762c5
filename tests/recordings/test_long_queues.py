"""The rounds of keeping: one that cannot be worked on stops neither the others nor the next step."""

import datetime as dt
import hashlib
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from recordings import health, services, tasks
from recordings.models import Recording, RetentionRule, StoredObject
from recordings.services.upkeep import keep
from recordings.states import RetentionStart, Stage, Tier
from recordings.storage import LocalStore, StillLocked, new_key, store
from tests.recordings.conftest import MakeEnded, time_for
from tests.recordings.test_keeping import settle_long_ago
from tests.recordings.test_views import pretend_sealed
from tests.support.factories import SEAT_ACTOR

pytestmark = pytest.mark.django_db
TWO_DAYS = dt.timedelta(days=2)


@pytest.fixture
def two(ended_call: MakeEnded) -> tuple[Recording, Recording]:
    """Stored two days ago, one a minute before the other; their folders are in the spool."""
    found = []
    for minute in range(2):
        recording = services.ensure_recording(ended_call(video=False).pk)
        pretend_sealed(recording)
        assert services.process(recording.pk) is Stage.STORED
        at = timezone.now() - TWO_DAYS + dt.timedelta(minutes=minute)
        Recording.objects.filter(pk=recording.pk).update(stored_at=at, created_at=at)
        found.append(Recording.objects.select_related("call__task").get(pk=recording.pk))
    return found[0], found[1]


@pytest.fixture
def cold(settings, tmp_path):
    settings.STORAGE_COLD_DIR = tmp_path / "cold"


def tiers_of(recording: Recording) -> set[str]:
    return set(recording.objects_stored.values_list("tier", flat=True))


def move() -> int:
    services.set_keeping()
    return services.move_cold()


def settle(recording: Recording, ago: dt.timedelta) -> None:
    task = recording.call.task
    task.settled_at = timezone.now() - ago
    task.save()
    services.date_again(task.pk)


def spoilt(recording: Recording) -> StoredObject:
    """A track whose bytes in the store are no longer those that arrived."""
    track = recording.objects_stored.filter(kind="track").order_by("pk")[0]
    (Path(settings.STORAGE_DIR) / track.key).write_bytes(b"rotten")
    return track


def test_a_file_that_is_not_what_it_was_stops_nothing_and_shows(two, cold):
    first, second = two
    track = spoilt(first)
    RetentionRule.objects.create(months=6, cold_after_days=1)

    tasks.keep()

    assert tiers_of(second) == {Tier.COLD}
    second.refresh_from_db()
    assert second.spool_freed_at is not None
    assert first.objects_stored.get(tier=Tier.HOT) == track  # its other files are moved
    trouble = health.explain(health.troubled().get())
    assert trouble.recording == first
    assert trouble.cause == "归档时发现存储中的文件与入库时不一致"


def test_the_local_copies_stay_while_the_stored_ones_are_not_what_they_were(two, cold):
    first, _second = two
    track = spoilt(first)
    RetentionRule.objects.create(months=6, cold_after_days=1)
    move()

    services.free_spool()

    first.refresh_from_db()
    assert first.spool_freed_at is None
    local = Path(settings.SPOOL_DIR) / str(first.call_id) / track.name
    (Path(settings.STORAGE_DIR) / track.key).write_bytes(local.read_bytes())
    assert move() == 1
    assert services.free_spool() == 1
    assert not health.troubled().exists()


def test_a_rebuild_puts_what_is_whole_here_into_the_store_again(two, cold):
    first, _second = two
    track = spoilt(first)
    RetentionRule.objects.create(months=6, cold_after_days=1)
    move()

    services.rebuild(first.pk, actor=SEAT_ACTOR)
    Recording.objects.filter(pk=first.pk).update(stage=Stage.SEALED)
    assert services.process(first.pk) is Stage.STORED

    track.refresh_from_db()
    with store().open(track.key) as file:
        assert hashlib.sha256(file.read()).hexdigest() == track.sha256
    assert not health.troubled().exists()


def test_a_first_copy_that_cannot_go_now_goes_in_a_later_round(two, cold, monkeypatch):
    RetentionRule.objects.create(months=6, cold_after_days=1)

    def away(_self, _key):
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(LocalStore, "delete", away)
        assert move() == 2

    key = two[0].objects_stored.first().key
    assert store(Tier.HOT).exists(key)
    assert services.remove_first_copies() == StoredObject.objects.count()
    assert services.remove_first_copies() == 0
    assert not store(Tier.HOT).exists(key)


def test_a_file_that_comes_after_the_others_moved_moves_too(two, cold):
    RetentionRule.objects.create(months=6, cold_after_days=1)
    tasks.keep()
    late = StoredObject.objects.create(
        recording=two[0], kind="reel", name="out/late.mp4", key=new_key(), bytes=4,
        sha256=hashlib.sha256(b"reel").hexdigest(), confirmed_at=timezone.now(),
    )  # fmt: skip
    target = Path(settings.STORAGE_DIR) / late.key
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(b"reel")

    tasks.keep()  # its lock is looked at
    tasks.keep()

    assert tiers_of(two[0]) == {Tier.COLD}


def test_a_first_copy_whose_lock_was_not_known_is_asked_for_once_a_day(two, cold, monkeypatch):
    RetentionRule.objects.create(months=6, cold_after_days=1)
    asked = []

    def locks(_self, key):
        asked.append(key)
        raise StillLocked(key)

    with monkeypatch.context() as patched:
        patched.setattr(LocalStore, "delete", locks)
        assert move() == 2
        assert services.remove_first_copies() == 0
    assert len(asked) == StoredObject.objects.count()
    assert services.remove_first_copies() == 0  # not again before the day it may be over

    yesterday = timezone.localdate() - dt.timedelta(days=1)
    StoredObject.objects.update(first_copy_until=yesterday)
    assert services.remove_first_copies() == len(asked)
    assert not any(store(Tier.HOT).exists(key) for key in asked)


def test_without_another_place_for_the_archive_nothing_is_taken_for_a_first_copy(two, settings):
    settings.STORAGE_COLD_DIR = str(settings.STORAGE_DIR)
    RetentionRule.objects.create(months=6, cold_after_days=1)

    assert move() == 0
    StoredObject.objects.update(tier=Tier.COLD, first_copy_until=dt.date(2020, 1, 1))
    assert services.remove_first_copies() == 0

    assert all(store().exists(key) for key in StoredObject.objects.values_list("key", flat=True))


def test_a_store_that_is_away_for_one_deletes_the_others(two, monkeypatch):
    first, second = two
    RetentionRule.objects.create(months=6, deletes=True)
    for each in two:
        settle_long_ago(each)
    assert services.set_keeping() == 2
    away = set(first.objects_stored.values_list("key", flat=True))

    class Away(LocalStore):
        def delete(self, key):
            if key in away:
                raise ConnectionError
            super().delete(key)

    with monkeypatch.context() as patched:
        patched.setattr(
            "recordings.services.retention.store", lambda _tier: Away(Path(settings.STORAGE_DIR))
        )
        assert services.delete_expired() == 1

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.stage, second.stage) == (Stage.STORED, Stage.DELETED)
    assert services.delete_expired() == 1


def test_a_step_that_breaks_is_told_after_the_others_had_their_turn(two, monkeypatch):
    def breaks():
        raise RuntimeError("a bug")

    monkeypatch.setattr("recordings.services.upkeep.note_broken_deletions", breaks)

    with pytest.raises(ExceptionGroup) as told:
        keep()

    assert [str(each) for each in told.value.exceptions] == ["a bug"]
    assert not Recording.objects.filter(spool_freed_at=None).exists()


def test_a_round_whose_time_is_over_begins_no_row_but_tidies_up(two, monkeypatch):
    monkeypatch.setattr("recordings.services.upkeep.KEEP_FOR_S", 0.0)
    leftover = Path(settings.SPOOL_DIR) / "a-call.freed"
    leftover.mkdir()

    keep()

    assert Recording.objects.filter(spool_freed_at=None).count() == 2
    assert not leftover.exists()


def test_a_row_nobody_reckoned_with_is_passed(two):
    first, second = two
    Recording.objects.filter(pk=first.pk).update(outputs={"unknown": True}, uncomposed="x")

    assert services.free_spool() == 1

    second.refresh_from_db()
    assert second.spool_freed_at is not None


# --- what stands before one in the queue ----------------------------------------------------


def test_an_unsettled_one_takes_no_place_from_one_that_is_due(two):
    RetentionRule.objects.create(months=6)
    assert services.set_keeping() == 0
    settle(two[1], TWO_DAYS)

    assert services.set_keeping(time_for(rows=1)) == 1


def test_a_contract_that_goes_on_takes_no_place_from_one_that_is_over(two):
    RetentionRule.objects.create(months=6, start=RetentionStart.CONTRACT_ENDED)
    assert services.set_keeping() == 0
    services.end_contract(two[1].call.task.contract_no, timezone.localdate(), actor=SEAT_ACTOR)

    assert services.set_keeping(time_for(rows=1)) == 1
    assert services.set_keeping() == 0


def test_one_whose_own_rule_is_longer_takes_no_place_in_the_move(two, cold):
    task = two[0].call.task
    task.product_code = "OWN"
    task.save()
    RetentionRule.objects.create(months=6, cold_after_days=1)
    RetentionRule.objects.create(months=6, cold_after_days=90, product_code="OWN")

    services.set_keeping()
    assert services.move_cold(time_for(rows=1)) == 1
    assert (tiers_of(two[0]), tiers_of(two[1])) == ({Tier.HOT}, {Tier.COLD})


def test_a_row_that_never_arrived_is_not_moved_time_and_again(two, cold):
    StoredObject.objects.create(
        recording=two[0], kind="manifest", name="out/manifest.e9.json", key="00/x", bytes=1,
        sha256="",
    )  # fmt: skip
    RetentionRule.objects.create(months=6, cold_after_days=1)

    assert move() == 2
    assert move() == 0


def test_folders_go_as_long_as_there_is_time(two):
    assert services.free_spool(time_for(rows=1)) == 1
    assert services.free_spool(time_for(rows=5)) == 1


def test_a_folder_that_cannot_go_is_looked_at_after_those_that_can(two):
    first, second = two
    (Path(settings.SPOOL_DIR) / str(first.call_id) / "tracks" / "late.1.audio.mkv").touch()
    assert services.free_spool(time_for(rows=1)) == 0

    assert services.free_spool(time_for(rows=1)) == 1

    second.refresh_from_db()
    assert second.spool_freed_at is not None


def test_every_row_is_asked_for_once_though_batches_are_small(two, monkeypatch):
    monkeypatch.setattr("recordings.services.rounds.BATCH", 1)
    for each in two:
        (Path(settings.SPOOL_DIR) / str(each.call_id) / "tracks" / "late.1.audio.mkv").touch()
    assert services.free_spool() == 0
    assert Recording.objects.exclude(error="").count() == 2


# --- the date, looked at again under the lock -----------------------------------------------


def test_a_date_that_is_prolonged_meanwhile_keeps_the_recording(two, monkeypatch):
    RetentionRule.objects.create(months=6, deletes=True)
    settle_long_ago(two[0])
    services.set_keeping()

    def prolonged(name):
        if name == "deletion.begun":
            Recording.objects.update(keep_until=timezone.localdate())

    monkeypatch.setattr("recordings.services.retention.faultpoint", prolonged)

    assert services.delete_expired() == 0
    two[0].refresh_from_db()
    assert two[0].stage == Stage.STORED
