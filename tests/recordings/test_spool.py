"""Local copies go only after the store holds every one; files move to the archive tier (STO-1)."""

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import timezone

from operations.invariants import check
from recordings import health, selectors, services
from recordings.errors import CannotRebuild
from recordings.models import ContractEnd, Recording, RetentionRule, StoredObject
from recordings.services import tiers
from recordings.services.keeping import add_months
from recordings.states import RetentionStart, Stage, Tier
from recordings.storage import ChecksumMismatch, LocalStore, store
from tests.recordings.conftest import MakeEnded
from tests.recordings.test_keeping import is_old
from tests.recordings.test_views import pretend_sealed
from tests.support.factories import SEAT_ACTOR

pytestmark = pytest.mark.django_db


@pytest.fixture
def stored(ended_call: MakeEnded) -> Recording:
    """Stored two days ago; its folder is still in the spool."""
    recording = services.ensure_recording(ended_call(video=False).pk)
    pretend_sealed(recording)
    assert services.process(recording.pk) is Stage.STORED
    return aged(recording)


def aged(recording: Recording) -> Recording:
    Recording.objects.update(stored_at=timezone.now() - dt.timedelta(days=2))
    recording.refresh_from_db()
    return recording


def folder_of(recording: Recording) -> Path:
    return Path(settings.SPOOL_DIR) / str(recording.call_id)


def test_the_folder_goes_when_everything_is_confirmed_and_all_still_plays(stored):
    before = selectors.review_view(stored.call_id, "t")["tracks"]

    assert services.free_spool() == 1
    assert services.free_spool() == 0

    stored.refresh_from_db()
    assert not folder_of(stored).exists()
    assert stored.spool_freed_at is not None
    assert stored.leased_until is None
    after = selectors.review_view(stored.call_id, "t")["tracks"]
    assert [track["url"] for track in after] == [track["url"] for track in before]
    with selectors.open_composed(stored).file as file:
        assert len(file.read()) == stored.bytes


def test_it_stays_for_a_day_after_the_store_confirmed_it(stored):
    Recording.objects.update(stored_at=timezone.now() - dt.timedelta(hours=23))

    assert services.free_spool() == 0
    assert folder_of(stored).is_dir()


def an_extra_file(recording):
    (folder_of(recording) / "tracks" / "late.1.audio.mkv").write_bytes(b"late")


def a_changed_file(recording):
    journal = folder_of(recording) / "journal.jsonl"
    journal.write_bytes(journal.read_bytes() + b"\n")


def a_missing_object(recording):
    store().delete(StoredObject.objects.get(name="journal.jsonl").key)


def an_unconfirmed_object(recording):
    StoredObject.objects.filter(name="journal.jsonl").update(confirmed_at=None)


@pytest.mark.parametrize(
    "happened", [an_extra_file, a_changed_file, a_missing_object, an_unconfirmed_object]
)
def test_a_folder_with_anything_the_store_does_not_hold_is_kept_and_reported(stored, happened):
    happened(stored)
    files = sorted(folder_of(stored).rglob("*"))

    assert services.free_spool() == 0

    assert sorted(folder_of(stored).rglob("*")) == files
    trouble = health.explain(health.troubled().get())
    assert "本地副本未清除" in trouble.cause


def test_what_is_not_to_be_kept_goes_when_the_manifest_has_its_hash(ended_call: MakeEnded):
    recording = services.ensure_recording(ended_call(video=False).pk)
    pretend_sealed(recording)
    recording.refresh_from_db()
    manifest = folder_of(recording) / recording.manifest
    named = json.loads(manifest.read_text())
    dropped = [file for file in named["files"] if file["name"].startswith("tracks/")]
    for file in dropped:
        file["kept"] = False
    manifest.write_text(json.dumps(named))
    assert services.process(recording.pk) is Stage.STORED
    assert not StoredObject.objects.filter(kind="track").exists()
    aged(recording)
    track = folder_of(recording) / dropped[0]["name"]
    recorded = track.read_bytes()
    track.write_bytes(recorded + b"x")
    assert services.free_spool() == 0

    track.write_bytes(recorded)

    assert services.free_spool() == 1


def test_a_recording_whose_copies_are_gone_can_still_be_made_anew(stored):
    services.free_spool()
    services.rebuild(stored.pk, actor=SEAT_ACTOR)
    stored.refresh_from_db()
    assert stored.stage == Stage.STORED  # nobody waited for the files

    assert services.process(stored.pk) is Stage.STORED

    stored.refresh_from_db()
    assert (stored.spool_freed_at, stored.rebuild_asked_at) == (None, None)
    assert (folder_of(stored) / "journal.jsonl").is_file()


def test_leftovers_of_a_killed_cleaner_are_removed(stored):
    folder_of(stored).rename(folder_of(stored).with_name(f"{stored.call_id}.freed"))

    assert services.free_spool() == 1
    assert services.remove_freed_leftovers() in {0, 1}
    assert list(Path(settings.SPOOL_DIR).glob("*.freed")) == []


@pytest.mark.django_db(transaction=True)
def test_a_rebuild_and_the_cleaner_at_once_lose_nothing(ended_call: MakeEnded):
    for _ in range(6):
        recording = services.ensure_recording(ended_call(video=False).pk)
        pretend_sealed(recording)
        assert services.process(recording.pk) is Stage.STORED
        aged(recording)
        gate = threading.Barrier(2)

        def clean(gate=gate):
            gate.wait(10)
            services.free_spool()
            close_old_connections()
            connection.close()

        def renew(pk=recording.pk, gate=gate):
            gate.wait(10)
            try:
                services.rebuild(pk, actor=SEAT_ACTOR)
            except CannotRebuild:
                pass
            finally:
                connection.close()

        threads = [threading.Thread(target=clean), threading.Thread(target=renew)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        recording.refresh_from_db()

        is_here = (folder_of(recording) / "journal.jsonl").is_file()
        assert is_here or recording.spool_freed_at is not None
        assert recording.stage == Stage.STORED or is_here


UPLOADER = """
import os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "interview_site.settings.test"
django.setup()
from django.db import connections
from recordings import services
from recordings.storage import LocalStore
true_put, count = LocalStore.put, [0]
def put(self, *given, **named):
    true_put(self, *given, **named)
    count[0] += 1
    if count[0] == int(sys.argv[2]):
        print("there", flush=True)
        sys.stdin.read()
LocalStore.put = put
services.process(sys.argv[1])
"""


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("after_files", [1, 3])
def test_an_uploader_killed_with_kill_9_is_succeeded_and_sends_nothing_twice(
    ended_call: MakeEnded, after_files: int
):
    recording = services.ensure_recording(ended_call(video=False).pk)
    pretend_sealed(recording)
    database = settings.DATABASES["default"]
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    process = subprocess.Popen(
        [sys.executable, "-c", UPLOADER, str(recording.pk), str(after_files)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={
            **os.environ,
            "DATABASE_URL": url,
            "SPOOL_DIR": str(settings.SPOOL_DIR),
            "STORAGE_DIR": str(settings.STORAGE_DIR),
        },
        cwd=settings.BASE_DIR,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"there\n"
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    process.stdout.close()
    assert process.stdin is not None
    process.stdin.close()

    progress = selectors.upload_of(Recording.objects.get(pk=recording.pk))
    assert progress["files_done"] == after_files - 1  # the last was there, its row was not written
    assert progress["files"] == 6
    assert 65 <= progress["percent"] < 100
    Recording.objects.update(leased_until=timezone.now() - dt.timedelta(seconds=1))
    confirmed = set(
        StoredObject.objects.exclude(confirmed_at=None).values_list("key", "confirmed_at")
    )

    assert services.process(recording.pk) is Stage.STORED

    assert confirmed <= set(StoredObject.objects.values_list("key", "confirmed_at"))
    assert StoredObject.objects.count() == 6
    kept = [path for path in Path(settings.STORAGE_DIR).rglob("*") if path.is_file()]
    assert {f"{path.parent.name}/{path.name}" for path in kept} >= set(
        StoredObject.objects.values_list("key", flat=True)
    )
    assert [result for result in check(["I3", "I7", "I9"]) if result.count] == []


# --- tiers ----------------------------------------------------------------------------------


def cold_after(days: int, **fields) -> RetentionRule:
    return RetentionRule.objects.create(months=6, cold_after_days=days, **fields)


def test_files_move_to_the_archive_tier_when_their_rule_says_so_and_still_play(
    stored, settings, tmp_path
):
    settings.STORAGE_COLD_DIR = tmp_path / "cold"
    rule = cold_after(30)
    services.set_keeping()
    assert services.move_cold() == 0
    rule.cold_after_days = 1
    services.save_rule(rule, actor=SEAT_ACTOR)
    services.spread_rules()
    services.set_keeping()
    keys = list(StoredObject.objects.values_list("key", flat=True))

    assert services.move_cold() == 1
    assert services.move_cold() == 0

    assert set(StoredObject.objects.values_list("tier", flat=True)) == {Tier.COLD}
    assert not any(store(Tier.HOT).exists(key) for key in keys)
    assert all(store(Tier.COLD).exists(key) for key in keys)
    with selectors.open_composed(stored).file as file:
        assert len(file.read()) == stored.bytes


def test_a_product_without_such_a_rule_stays_where_it_is(stored, settings, tmp_path):
    settings.STORAGE_COLD_DIR = tmp_path / "cold"
    cold_after(1, product_code="OTHER")
    services.set_keeping()

    assert services.move_cold() == 0


def test_without_a_second_place_nothing_moves(stored):
    cold_after(1)
    services.set_keeping()

    assert services.move_cold() == 0
    assert set(StoredObject.objects.values_list("tier", flat=True)) == {Tier.HOT}


def test_a_copy_that_is_not_right_leaves_the_first_where_it_was(
    stored, settings, tmp_path, monkeypatch
):
    settings.STORAGE_COLD_DIR = tmp_path / "cold"
    one = StoredObject.objects.order_by("pk")[0]
    StoredObject.objects.filter(pk=one.pk).update(sha256="0" * 64)
    one.refresh_from_db()

    with pytest.raises(ChecksumMismatch):
        tiers._move(one)

    one.refresh_from_db()
    assert one.tier == Tier.HOT
    assert store(Tier.HOT).exists(one.key)
    assert not LocalStore(tmp_path / "cold").exists(one.key)


# --- the contract's end ---------------------------------------------------------------------


def test_keeping_can_count_from_the_end_of_the_contract_as_the_credit_system_says_it(stored):
    RetentionRule.objects.create(months=60, start=RetentionStart.CONTRACT_ENDED)
    contract_no, today = stored.call.task.contract_no, timezone.localdate()
    is_old(stored)
    assert services.set_keeping() == 0

    services.end_contract(contract_no, today - dt.timedelta(days=365), actor=SEAT_ACTOR)
    assert services.set_keeping() == 1
    stored.refresh_from_db()
    first = stored.keep_until
    services.end_contract(contract_no, today, actor=SEAT_ACTOR)
    assert services.set_keeping() == 1

    stored.refresh_from_db()
    assert first == add_months(today - dt.timedelta(days=365), 60)
    assert stored.keep_until == add_months(today, 60)
    assert ContractEnd.objects.count() == 1
