"""What is kept follows the parameters; what cannot be composed does not hold up the rest; SIGKILL."""

import datetime as dt
import itertools
import json
import os
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from django.db import connections
from django.utils import timezone
from pytest_django.fixtures import Settings

from common.actor import SYSTEM
from evidence.models import Seal
from evidence.offline import verify_evidence as verifier
from operations.invariants import check
from parameters.models import Parameter, Scope
from recordings import health, selectors, services
from recordings.errors import CannotRebuild, WorkFailed
from recordings.models import Recording, StoredObject
from recordings.outputs import Outputs
from recordings.services import jobs, stages, work
from recordings.services.stages import copied_span
from recordings.states import ObjectKind, Stage
from recordings.storage import sha256_of
from tests.recordings.conftest import MakeEnded

OUTPUTS = ("video", "audio", "snapshots", "tracks")


def keep(**wanted: bool) -> None:
    for name, value in wanted.items():
        Parameter.objects.create(
            scope=Scope.GLOBAL, code="", key=f"output_{name}", value=int(value)
        )


def free_spool(recording: Recording, settings: Settings) -> None:
    settings.SPOOL_KEEP_HOURS = 0
    assert services.free_spool() == 1
    recording.refresh_from_db()


def streams_of(recording: Recording) -> list[str]:
    with selectors.open_composed(recording).file as file, av.open(file) as container:
        return sorted(stream.type for stream in container.streams)


def stored_names(recording: Recording) -> set[str]:
    """Kinds of stored files; tracks with what they hold."""
    rows = StoredObject.objects.filter(recording=recording)
    return {
        f"{row.kind} {row.name.split('.')[2]}" if row.kind == ObjectKind.TRACK else row.kind
        for row in rows
    }


ALWAYS = {"journal", "manifest"}


@pytest.mark.parametrize(
    ("wanted", "stored", "streams", "suffix"),
    [
        pytest.param(
            {"tracks": False}, {"composed", "snapshot"}, ["audio", "video"], ".mp4", id="one file"
        ),
        pytest.param(
            {"video": False}, {"composed", "snapshot", "track audio"}, ["audio"], ".m4a", id="sound"
        ),
        pytest.param(
            {"audio": False, "snapshots": False},
            {"composed", "track video"},
            ["video"],
            ".mp4",
            id="picture",
        ),
        pytest.param({"video": False, "audio": False}, {"snapshot"}, None, "", id="photos only"),
    ],
)
def test_what_is_stored_follows_the_parameters_and_stays_provable(
    ended_call: MakeEnded,
    settings: Settings,
    tmp_path: Path,
    wanted: dict[str, bool],
    stored: set[str],
    streams: list[str] | None,
    suffix: str,
) -> None:
    keep(**wanted)
    call = ended_call()
    recording = services.ensure_recording(call.pk)

    assert services.process(recording.pk) is Stage.STORED

    recording.refresh_from_db()
    assert stored_names(recording) == stored | ALWAYS
    assert Path(recording.file).suffix == suffix
    if streams is not None:
        assert streams_of(recording) == streams
    # Named with its hash even where it is not kept: everything was recorded.
    manifest = json.loads((work.call_folder(call.pk) / recording.manifest).read_bytes())
    names = {file["name"] for file in manifest["files"]}
    assert len([name for name in names if name.startswith("tracks/")]) == 4
    outputs = Outputs.of(recording.outputs)
    assert {f["name"] for f in manifest["files"] if f.get("kept", True)} == {
        name for name in names if outputs.keeps(name)
    }

    free_spool(recording, settings)
    assert recording.error == ""
    assert services.check_recording(recording).faults == []
    package = tmp_path / "package.zip"
    with services.export_evidence(recording, reason="x", actor=SYSTEM) as made:
        package.write_bytes(made.read())
    assert verifier.examine(package).faults == []
    with zipfile.ZipFile(package) as archive:
        assert [n for n in archive.namelist() if n.startswith("playback")] == (
            [f"playback{suffix}"] if suffix else []
        )
    shown = selectors.review_view(call.pk, "t")
    assert len(shown["tracks"]) == len([n for n in stored if n.startswith("track")]) * 2
    assert (shown["composed_url"] is not None) is bool(suffix)
    assert selectors.snapshots_of(call).count() == int("snapshot" in stored)
    if not outputs.tracks:
        with pytest.raises(CannotRebuild):
            services.rebuild(recording.pk, actor=SYSTEM)


@pytest.mark.parametrize(
    ("ended", "first", "last", "span"),
    [
        pytest.param(60_000, 300, 60_150, (0, 60_150), id="an ordinary call to its last sample"),
        pytest.param(60_000, 9_000, 60_000, (7_000, 60_000), id="an empty room at the start"),
        pytest.param(240_000, 300, 60_000, (0, 62_000), id="everybody gone before the end"),
        pytest.param(60_000, 300, 105_000, (0, 62_000), id="a worker that went on recording"),
        pytest.param(60_000, 300, 59_000, (0, 60_000), id="the last second without anybody"),
        pytest.param(60_000, None, None, (0, 60_000), id="nothing recorded"),
    ],
)
def test_an_empty_room_is_not_copied(
    ended: int, first: int | None, last: int | None, span: tuple[int, int]
) -> None:
    assert copied_span(ended, first, last) == span


# --- what cannot be worked through ----------------------------------------------------------


def dead_over(module: str) -> Callable[..., Any]:
    true = work.run_python

    def run(name: str, *arguments: str, limit_s: float) -> Any:
        if name == module:
            raise WorkFailed(f"{name} ended with -11")
        return true(name, *arguments, limit_s=limit_s)

    return run


@pytest.mark.parametrize("module", ["recordings.probe", "recordings.compose"])
def test_files_our_process_dies_over_end_stored_and_played_track_by_track(
    ended_call: MakeEnded, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    call = ended_call(video=False)
    recording = services.ensure_recording(call.pk)
    monkeypatch.setattr(work, "run_python", dead_over(module))
    for tries in (1, 2, 3):
        assert services.process(recording.pk) is None
        recording.refresh_from_db()
        assert (recording.attempts, recording.error) == (
            tries, f"WorkFailed: {module} ended with -11",
        )  # fmt: skip
        Recording.objects.filter(pk=recording.pk).update(due_at=timezone.now())

    assert services.process(recording.pk) is Stage.STORED

    recording.refresh_from_db()
    is_composed = module == "recordings.probe"
    assert bool(recording.file) is is_composed
    assert recording.uncomposed == ("" if is_composed else f"WorkFailed: {module} ended with -11")
    shown = selectors.review_view(call.pk, "t")
    assert (shown["ready"], len(shown["tracks"])) == (True, 2)
    assert services.check_recording(recording).faults == []
    if is_composed:
        assert set(recording.tracks.values_list("damage", flat=True)) == {"not probed"}
        return
    (trouble,) = [health.explain(each) for each in health.troubled()]
    assert trouble.cause.startswith("无法合成")
    monkeypatch.undo()
    services.rebuild(recording.pk, actor=SYSTEM)
    assert services.process(recording.pk) is Stage.STORED
    recording.refresh_from_db()
    assert (recording.uncomposed, recording.is_playable) == ("", True)


def raw_in_store(recording: Recording) -> set[str]:
    """Raw files, as the store confirmed them, each byte for byte as it was recorded."""
    return {
        row.name
        for row in StoredObject.objects.filter(recording=recording).exclude(confirmed_at=None)
        if row.kind == ObjectKind.TRACK
        and row.sha256 == sha256_of(work.call_folder(recording.call_id) / row.name)
    }


@pytest.mark.parametrize("wanted", list(itertools.product([True, False], repeat=4)), ids=str)
def test_without_a_copy_everything_that_would_have_been_in_it_is_kept(
    ended_call: MakeEnded,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    wanted: tuple[bool, ...],
) -> None:
    outputs = dict(zip(OUTPUTS, wanted, strict=True))
    keep(**outputs)
    recording = services.ensure_recording(ended_call().pk)
    monkeypatch.setattr(work, "run_python", dead_over("recordings.compose"))
    for _ in range(4):
        services.process(recording.pk)
        Recording.objects.filter(pk=recording.pk).update(due_at=timezone.now())

    recording.refresh_from_db()
    assert recording.stage == Stage.STORED
    kinds = [kind for kind in ("audio", "video") if outputs[kind]]
    recorded = set(recording.tracks.filter(kind__in=kinds).values_list("file", flat=True))
    assert (len(recorded), recording.uncomposed != "") == (2 * len(kinds), bool(kinds))
    assert raw_in_store(recording) == recorded
    free_spool(recording, settings)
    shown = selectors.review_view(recording.call_id, "t")["tracks"]
    assert len(shown) == len(recorded)


def test_where_the_copy_lacks_something_the_raw_files_are_kept(
    ended_call: MakeEnded, settings: Settings
) -> None:
    keep(tracks=False)
    call = ended_call()
    recording = services.ensure_recording(call.pk)
    broken = min(work.call_folder(call.pk).glob("tracks/*.video.*"))
    broken.write_bytes(b"this was never Matroska")

    assert services.process(recording.pk) is Stage.STORED

    recording.refresh_from_db()
    assert recording.is_playable
    assert [each["file"] for each in recording.damaged] == [f"tracks/{broken.name}"]
    assert raw_in_store(recording) == set(recording.tracks.values_list("file", flat=True))
    free_spool(recording, settings)


def test_a_folder_sealed_when_raw_files_were_dropped_without_a_copy_stays_and_is_made_anew(
    ended_call: MakeEnded, settings: Settings
) -> None:
    keep(tracks=False)
    recording = services.ensure_recording(ended_call(video=False).pk)
    assert services.process(recording.pk) is Stage.STORED
    Recording.objects.filter(pk=recording.pk).update(uncomposed="WorkFailed", file="")
    settings.SPOOL_KEEP_HOURS = 0

    assert services.free_spool() == 0

    (trouble,) = [health.explain(each) for each in health.troubled()]
    assert "本地副本未清除" in trouble.cause
    services.rebuild(recording.pk, actor=SYSTEM)
    assert services.process(recording.pk) is Stage.STORED
    free_spool(recording, settings)
    assert recording.is_playable


def test_a_full_disk_is_no_poison(ended_call: MakeEnded, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = services.ensure_recording(ended_call(video=False).pk)
    true = work.run_python

    def full(name: str, *arguments: str, limit_s: float) -> Any:
        if name == "recordings.compose":
            raise OSError(28, "No space left on device")
        return true(name, *arguments, limit_s=limit_s)

    monkeypatch.setattr(work, "run_python", full)
    for _ in range(5):
        assert services.process(recording.pk) is None
        Recording.objects.filter(pk=recording.pk).update(due_at=timezone.now())
    monkeypatch.undo()

    assert services.process(recording.pk) is Stage.STORED
    recording.refresh_from_db()
    assert recording.is_playable


# --- SIGKILL --------------------------------------------------------------------------------


def killed_at(target: Any, name: str, number: int) -> Callable[[], None]:
    """In a child: die without a word when `target.name` is called for the n-th time."""
    true, calls = getattr(target, name), 0

    def dying(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return true(*arguments, **named)

    return lambda: setattr(target, name, dying)


def process_in_child(recording: Recording, arm: Callable[[], None]) -> int:
    """The wait status of a process that worked on the recording."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        arm()
        services.process(recording.pk)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return status


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_sigkill_anywhere_leaves_what_an_undisturbed_run_leaves(
    ended_call: MakeEnded, tmp_path: Path
) -> None:
    call = ended_call(video=False)
    recording = services.ensure_recording(call.pk)
    points = [
        (jobs, "claim", 1),
        (work, "run_python", 1),
        (jobs, "advance", 1),
        (work, "run_python", 2),  # of composing
        (work, "put_in_place", 1),
        (jobs, "advance", 1),
        (stages, "signed_manifest", 1),
        (work, "put_in_place", 1),  # of the manifest
        (stages, "note_seal", 1),
        (stages, "store", 1),
        (stages, "store", 3),
        (jobs, "advance", 1),
    ]
    composed_at = 6
    for done, (target, name, number) in enumerate(points):
        status = process_in_child(recording, killed_at(target, name, number))
        assert os.WIFSIGNALED(status), (target.__name__, name, number)
        Recording.objects.filter(pk=recording.pk).update(
            leased_until=timezone.now() - dt.timedelta(seconds=1), due_at=timezone.now()
        )
        recording.refresh_from_db()
        assert (recording.stage == Stage.RAW) is (done < 3)
        assert bool(recording.file) is (done >= composed_at)

    assert process_in_child(recording, lambda: None) == 0

    recording.refresh_from_db()
    # The first one died before it had claimed anything.
    assert (recording.stage, recording.epoch) == (Stage.STORED, len(points))
    (copy,) = StoredObject.objects.filter(kind=ObjectKind.COMPOSED)
    assert (copy.name, copy.sha256) == (recording.file, recording.sha256)
    assert StoredObject.objects.filter(kind=ObjectKind.MANIFEST).count() == 1
    assert not StoredObject.objects.filter(confirmed_at=None).exists()
    assert Seal.objects.filter(subject=recording.pk).count() == 1
    assert services.check_recording(recording).faults == []
    kept = ["I3", "I4", "I5", "I7", "I9", "I12"]
    assert [result for result in check(kept) if result.count] == []
    undisturbed = tmp_path / "undisturbed.mp4"
    folder = work.call_folder(call.pk)
    list(
        work.run_python(
            *("recordings.compose", str(folder), str(undisturbed)),
            *("--spec", str(folder / "out" / "spec.json")),
            limit_s=60,
        )
    )
    assert sha256_of(undisturbed) == recording.sha256
    assert {file.name for file in (folder / "out").iterdir()} == {
        *(Path(recording.file).name, Path(recording.manifest).name, "spec.json")
    }
