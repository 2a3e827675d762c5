"""From the raw folder to the store, with somebody pulling the plug at every stage."""

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from audit.models import AuditEntry
from interviews.models import Call
from media_worker.models import MediaWorker
from recordings import health, selectors, services, tasks
from recordings.errors import LeaseLost, StepFailed
from recordings.models import Recording, StoredObject
from recordings.outputs import Outputs
from recordings.services import jobs, stages
from recordings.states import ObjectKind, Stage
from tests.recordings.conftest import SECONDS, MakeEnded
from tests.support.readback import read_mp4


def release_lease(recording: Recording) -> None:
    """What time does to a lease whose holder was killed."""
    Recording.objects.filter(pk=recording.pk).update(
        leased_until=timezone.now() - dt.timedelta(seconds=1), due_at=timezone.now()
    )


def test_a_call_ends_up_composed_sealed_and_stored(ended_call: MakeEnded) -> None:
    call = ended_call()
    recording = services.ensure_recording(call.pk)

    assert services.process(recording.pk) is Stage.STORED

    recording.refresh_from_db()
    assert recording.duration_ms == pytest.approx(SECONDS * 1000, abs=100)
    assert (recording.width, recording.height) == (854, 480)
    assert recording.leased_until is None
    assert recording.tracks.count() == 4
    assert not recording.tracks.exclude(damage="").exists()
    with selectors.open_composed(recording).file as file:
        body = file.read()
    assert len(body) == recording.bytes
    assert hashlib.sha256(body).hexdigest() == recording.sha256
    kinds = sorted(StoredObject.objects.values_list("kind", flat=True))
    assert kinds == sorted(
        [ObjectKind.COMPOSED, ObjectKind.JOURNAL, ObjectKind.MANIFEST, ObjectKind.SNAPSHOT]
        + [ObjectKind.TRACK] * 4
    )
    assert not StoredObject.objects.filter(confirmed_at=None).exists()


def test_the_stored_copy_shows_and_sounds_both_sides(ended_call: MakeEnded, tmp_path: Path) -> None:
    recording = services.ensure_recording(ended_call().pk)
    services.process(recording.pk)

    recording.refresh_from_db()
    copy = tmp_path / "copy.mp4"
    with selectors.open_composed(recording).file as file:
        copy.write_bytes(file.read())
    back = read_mp4(copy, tiles=2)
    assert [len(set(tile.counters)) > 10 for tile in back.tiles] == [True, True]
    assert back.beeps(700) == pytest.approx([1], abs=0.03)
    assert back.beeps(1500) == pytest.approx([1], abs=0.03)


def test_each_position_is_burnt_in_from_its_moment_on(ended_call: MakeEnded) -> None:
    call = ended_call(video=False)
    place = call.participants.get(role="customer")
    for at_ms, latitude in ((1500, -1.5), (200, 30.8703)):
        payload = {"latitude": latitude, "longitude": 120.0}
        call.events.create(kind="position", at_ms=at_ms, participant=place, payload=payload)

    recording = services.ensure_recording(call.pk)
    label = stages.spec_of(recording, Outputs()).labels[str(place.pk)]

    near, far = "30.870300, 120.000000", "-1.500000, 120.000000"
    assert label.positions == [(200, near), (1500, far)]
    assert [label.position_at(at) for at in (0, 1499, 1500)] == [near, near, far]


def test_the_manifest_names_every_file_with_its_hash(
    ended_call: MakeEnded, settings: Settings
) -> None:
    call = ended_call(video=False)
    recording = services.ensure_recording(call.pk)
    services.process(recording.pk)

    recording.refresh_from_db()
    root = Path(settings.SPOOL_DIR) / str(call.pk)
    manifest = json.loads((root / recording.manifest).read_text())
    assert {file["name"] for file in manifest["files"]} == {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and path.name not in {"spec.json", Path(recording.manifest).name}
    }
    for file in manifest["files"]:
        assert hashlib.sha256((root / file["name"]).read_bytes()).hexdigest() == file["sha256"]


def test_each_stage_is_in_the_audit_chain_of_the_interview(ended_call: MakeEnded) -> None:
    call = ended_call(video=False)
    services.process(services.ensure_recording(call.pk).pk)

    actions = AuditEntry.objects.filter(
        chain=f"interview:{call.task_id}", action__startswith="recording."
    ).values_list("action", flat=True)
    assert list(actions.order_by("pk")) == [
        "recording.probed",
        "recording.composed",
        "recording.sealed",
        "recording.stored",
    ]


@pytest.mark.parametrize("crash_before", [Stage.PROBED, Stage.COMPOSED, Stage.SEALED, Stage.STORED])
def test_a_worker_killed_at_the_end_of_a_stage_is_succeeded_by_another(
    ended_call: MakeEnded, monkeypatch: pytest.MonkeyPatch, crash_before: Stage
) -> None:
    recording = services.ensure_recording(ended_call(video=False).pk)
    true_advance = jobs.advance

    class Killed(BaseException):
        """Nothing catches SIGKILL either."""

    def killed(held: jobs.Claim, stage: Stage, **results: Any) -> Recording:
        if stage is crash_before:
            raise Killed
        return true_advance(held, stage, **results)

    monkeypatch.setattr(jobs, "advance", killed)
    with pytest.raises(Killed):
        services.process(recording.pk)
    monkeypatch.undo()
    assert services.process(recording.pk) is None, "the dead one's lease still runs"
    release_lease(recording)

    assert services.process(recording.pk) is Stage.STORED

    recording.refresh_from_db()
    assert recording.epoch == 2
    names = StoredObject.objects.filter(kind=ObjectKind.COMPOSED).values_list("name", flat=True)
    assert list(names) == [recording.file]
    with selectors.open_composed(recording).file as file:
        assert hashlib.sha256(file.read()).hexdigest() == recording.sha256


def test_a_slow_worker_cannot_overwrite_its_successor(ended_call: MakeEnded) -> None:
    recording = services.ensure_recording(ended_call(video=False).pk)
    slow = jobs.claim(recording.pk)
    assert slow is not None
    release_lease(recording)
    services.process(recording.pk)

    with pytest.raises(LeaseLost):
        jobs.advance(slow, Stage.COMPOSED, sha256="f" * 64)
    jobs.put_off(slow, "too late")

    recording.refresh_from_db()
    assert recording.stage == Stage.STORED
    assert recording.sha256 != "f" * 64
    assert recording.error == ""


def test_a_store_that_keeps_something_else_is_not_believed(
    ended_call: MakeEnded, settings: Settings
) -> None:
    call = ended_call(video=False)
    recording = services.ensure_recording(call.pk)
    held = jobs.claim(recording.pk)
    assert held is not None
    for step in (stages.probe, stages.compose, stages.seal):
        step(held, Recording.objects.get(pk=recording.pk))
    journal = Path(settings.SPOOL_DIR) / str(call.pk) / "journal.jsonl"
    journal.write_bytes(journal.read_bytes() + b"\n")
    release_lease(recording)

    assert services.process(recording.pk) is None

    recording.refresh_from_db()
    assert recording.stage == Stage.SEALED
    assert recording.error.startswith("ChecksumMismatch")
    assert recording.due_at > timezone.now()


def test_a_call_nobody_connected_to_has_no_recording(ended_call: MakeEnded) -> None:
    recording = services.ensure_recording(ended_call(folder=False).pk)

    assert services.process(recording.pk) is Stage.EMPTY


def test_a_call_that_was_live_and_left_no_file_is_an_exception_to_look_at(
    ended_call: MakeEnded, settings: Settings
) -> None:
    call = ended_call(video=False)
    journal = Path(settings.SPOOL_DIR) / str(call.pk) / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(line for line in lines if '"track.' not in line))
    recording = services.ensure_recording(call.pk)

    assert services.process(recording.pk) is Stage.EMPTY
    assert health.explain(health.troubled().get()).recording == recording


def test_a_missing_folder_of_a_call_that_was_live_is_an_error_not_an_empty_recording(
    ended_call: MakeEnded, settings: Settings, tmp_path: Path
) -> None:
    recording = services.ensure_recording(ended_call(video=False).pk)
    settings.SPOOL_DIR = tmp_path

    assert services.process(recording.pk) is None

    recording.refresh_from_db()
    assert (recording.stage, recording.attempts) == (Stage.RAW, 1)
    assert "folder is missing" in recording.error


@pytest.mark.parametrize(
    ("heartbeat_age_s", "stage"),
    [pytest.param(1, Stage.RAW, id="alive"), pytest.param(60, Stage.STORED, id="dead")],
)
def test_a_dead_media_worker_is_not_waited_for_a_live_one_is(
    ended_call: MakeEnded, heartbeat_age_s: int, stage: Stage
) -> None:
    call = ended_call(video=False)
    seen = timezone.now() - dt.timedelta(seconds=heartbeat_age_s)
    MediaWorker.objects.create(
        worker_id="w1",
        control_url="http://127.0.0.1:9",
        started_at=seen,
        capacity=10,
        disk_free_percent=50,
        last_heartbeat_at=seen,
    )
    call.media_worker = "w1"
    call.save()
    recording = services.ensure_recording(call.pk)

    services.process(recording.pk)

    recording.refresh_from_db()
    assert recording.stage == stage


def test_asking_twice_makes_one_recording_and_names_follow_the_rule(
    ended_call: MakeEnded,
) -> None:
    first, second = ended_call(folder=False), ended_call(folder=False)

    recording = services.ensure_recording(first.pk)
    again = services.ensure_recording(first.pk)
    other = services.ensure_recording(second.pk)

    assert recording == again
    day = timezone.localtime(first.clock_started_at)
    staff_no = first.seat.user.staff_no
    assert recording.download_name == f"{day:%Y%m%d}张晓明{staff_no}0001"
    assert other.serial == 2


def test_the_sweep_finds_a_call_whose_message_was_lost(
    ended_call: MakeEnded, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    monkeypatch.setattr(tasks.process, "delay", woken.append)
    call = ended_call(video=False)

    tasks.sweep()

    assert woken == [str(Recording.objects.get(call=call).pk)]


def test_one_that_was_lost_days_ago_is_found_at_night(
    ended_call: MakeEnded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.process, "delay", lambda _id: None)
    call = ended_call(video=False)
    before = timezone.now() - dt.timedelta(days=30)
    Call.objects.update(clock_started_at=before, ended_at=before)

    tasks.sweep()
    assert not Recording.objects.exists()
    tasks.find_lost()

    assert Recording.objects.get().call_id == call.pk


def test_a_composer_that_crashes_is_tried_again_later(
    ended_call: MakeEnded, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = services.ensure_recording(ended_call(video=False).pk)

    def crashed(*_: Any, **__: Any) -> None:
        raise StepFailed("recordings.compose ended with -11")

    monkeypatch.setitem(stages._STEPS, Stage.PROBED, crashed)
    services.process(recording.pk)

    recording.refresh_from_db()
    assert (recording.stage, recording.attempts) == (Stage.PROBED, 1)
    assert recording.error == "StepFailed: recordings.compose ended with -11"
