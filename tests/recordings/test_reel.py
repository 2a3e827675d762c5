# ruff: noqa: F811 - the fixture is imported
"""A reel of the steps, copied packet by packet; the quality of each file (beyond VID-1)."""

import datetime as dt
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEntry
from common.actor import SYSTEM
from recordings import health, selectors, services
from recordings.errors import NothingToShow, NotReady
from recordings.models import Recording, Reel, StoredObject
from recordings.reel import cut
from recordings.services import work
from recordings.states import ObjectKind, Stage
from recordings.storage import new_key, store
from tests.recordings.conftest import MakeEnded
from tests.recordings.test_views import as_user, world  # noqa: F401 - a fixture
from tests.support.factories import SEAT_ACTOR


def make_mp4(path: Path, seconds: int = 12) -> None:
    """A keyframe a second, so that it is known where a stretch may begin."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"g": "10", "sc_threshold": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream("aac", rate=48000)
        for at in range(seconds * 10):
            frame = av.VideoFrame(64, 48, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([at * 2 % 256]) * plane.buffer_size)
            frame.pts = at
            container.mux(stream.encode(frame))
        for at in range(seconds * 48000 // 1024):
            noise = av.AudioFrame("fltp", "stereo", 1024)
            for silent in noise.planes:
                silent.update(bytes(silent.buffer_size))
            noise.pts, noise.rate = at * 1024, 48000
            container.mux(sound.encode(noise))
        container.mux(stream.encode())
        container.mux(sound.encode())


def video_packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(p) for p in container.demux(container.streams.video[0]) if p.size]


def test_stretches_are_copied_byte_for_byte_from_their_keyframes(tmp_path: Path) -> None:
    source, target = tmp_path / "s.mp4", tmp_path / "t.mp4"
    make_mp4(source)

    result = cut(source, target, [(2500, 4000), (8000, 9500)])

    assert [begin for begin, _at in result["chapters"]] == [2000, 8000]
    assert result["duration_ms"] == pytest.approx(3500, abs=120)
    of_source, of_target = video_packets(source), video_packets(target)
    assert set(of_target) <= set(of_source)
    assert len(of_target) == 35
    with av.open(str(target)) as container:
        stamps = [p.dts for p in container.demux(container.streams.video[0]) if p.dts is not None]
        assert stamps == sorted(set(stamps))
        assert sum(1 for _frame in container.decode(video=0)) >= 0
    with av.open(str(target)) as container:
        assert sum(1 for _frame in container.decode(video=0)) == 35


def test_it_is_a_process_of_its_own(tmp_path: Path) -> None:
    make_mp4(tmp_path / "s.mp4", 3)
    command = ["-m", "recordings.reel", str(tmp_path / "s.mp4"), str(tmp_path / "t.mp4")]

    done = subprocess.run(
        [sys.executable, *command, "[[0, 1000]]"], capture_output=True, text=True, check=True
    )

    assert '"chapters": [[0, 0]]' in done.stdout


@pytest.fixture
def composed(ended_call: MakeEnded) -> Recording:
    recording = services.ensure_recording(ended_call().pk)
    assert services.process(recording.pk) is Stage.STORED
    recording.refresh_from_db()
    return recording


def a_step(call, order: int, begin_ms: int, end_ms: int, **more: bool) -> None:
    for at_ms, done in ((begin_ms, False), (end_ms, True)):
        payload = {"order": order, "title": "x", "done": done} | more
        call.events.create(kind="script_step", at_ms=at_ms, payload=payload)


def made_reel(recording: Recording) -> StoredObject:
    services.ask_reel(recording.pk, actor=SEAT_ACTOR)
    assert services.make_reel(recording.pk)
    recording.refresh_from_db()
    made = selectors.reel_of(recording)
    assert made is not None
    return made


def seen(recording: Recording) -> dict[str, Any]:
    recording.refresh_from_db()
    view = selectors.reel_view(recording, "ticket")
    assert view is not None
    return view


def test_a_reel_of_the_steps_is_made_once_and_kept_in_the_store(composed: Recording) -> None:
    with pytest.raises(NothingToShow):
        services.ask_reel(composed.pk, actor=SEAT_ACTOR)
    assert seen(composed)["state"] == "none"
    a_step(composed.call, 1, 100, 900)

    made = made_reel(composed)
    services.ask_reel(composed.pk, actor=SEAT_ACTOR)

    assert services.due_reels(10) == []
    assert not services.make_reel(composed.pk)
    assert made.kind == ObjectKind.REEL
    with selectors.open_stored(made).file as file:
        body = file.read()
    assert body[4:8] == b"ftyp"
    entries = AuditEntry.objects.filter(action__startswith="recording.reel_")
    assert list(entries.order_by("seq").values_list("action", "actor_name")) == [
        ("recording.reel_asked", SEAT_ACTOR.name),
        ("recording.reel_made", SYSTEM.name),
    ]
    assert StoredObject.objects.filter(kind=ObjectKind.REEL).count() == 1


def test_the_player_is_told_which_stretch_of_the_call_is_where_in_the_reel(
    composed: Recording,
) -> None:
    Recording.objects.update(starts_at_ms=500)
    a_step(composed.call, 1, 600, 900)
    a_step(composed.call, 2, 1300, 1700)

    made_reel(composed)

    view = seen(composed)
    assert (view["state"], view["percent"]) == ("made", 100)
    first, second = view["stretches"]
    # one keyframe at the copy's begin serves both
    assert (first["from_ms"], first["at_ms"]) == (500, 0)
    assert first["to_ms"] == pytest.approx(900, abs=120)
    assert second["from_ms"] == 500
    assert second["at_ms"] == first["to_ms"] - first["from_ms"]
    assert second["to_ms"] == pytest.approx(1700, abs=120)


def test_one_that_fails_is_tried_again_and_given_up_until_somebody_asks(
    composed: Recording,
) -> None:
    a_step(composed.call, 1, 100, 900)
    kept = composed.objects_stored.get(name=composed.file)
    StoredObject.objects.filter(pk=kept.pk).update(key=new_key())
    services.ask_reel(composed.pk, actor=SEAT_ACTOR)

    for _ in range(selectors.REEL_TRIES):
        assert seen(composed)["state"] == "making"
        Reel.objects.update(due_at=timezone.now())
        assert services.due_reels(10) == [composed.pk]
        assert not services.make_reel(composed.pk)

    assert seen(composed)["state"] == "failed"
    Reel.objects.update(due_at=timezone.now())
    assert services.due_reels(10) == []
    StoredObject.objects.filter(pk=kept.pk).update(key=kept.key)
    made_reel(composed)
    assert seen(composed)["state"] == "made"


def test_one_of_a_recording_that_is_made_anew_meanwhile_is_thrown_away(
    composed: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_step(composed.call, 1, 100, 900)
    services.ask_reel(composed.pk, actor=SEAT_ACTOR)
    key = Reel.objects.get().key

    def meanwhile(*_given: object, **_named: object) -> Iterator[dict[str, Any]]:
        Recording.objects.update(sha256="f" * 64)
        yield from run_python(*_given, **_named)  # type: ignore[arg-type]

    run_python = work.run_python
    monkeypatch.setattr(work, "run_python", meanwhile)

    assert not services.make_reel(composed.pk)
    assert not store().exists(key)
    assert not StoredObject.objects.filter(kind=ObjectKind.REEL).exists()
    assert seen(composed)["state"] == "none"


def test_the_reel_is_cut_where_the_step_is_in_a_copy_that_begins_later(composed: Recording) -> None:
    Recording.objects.update(starts_at_ms=4000)
    a_step(composed.call, 1, 1000, 3000)  # in the empty room that is not copied
    a_step(composed.call, 2, 4100, 4900)

    made = made_reel(composed)

    with selectors.open_stored(made).file as file, av.open(file, "r") as container:
        assert (container.duration or 0) / 1000 == pytest.approx(900, abs=120)


def test_a_reel_that_was_cut_by_the_calls_clock_is_made_again(composed: Recording) -> None:
    Recording.objects.update(starts_at_ms=500)
    composed.refresh_from_db()
    a_step(composed.call, 1, 600, 1200)
    old = composed.objects_stored.create(
        kind=ObjectKind.REEL, name=f"out/reel.{composed.sha256[:12]}.mp4", key="00/old", bytes=1,
        sha256="", confirmed_at="2026-01-01T00:00Z",
    )  # fmt: skip

    assert selectors.reel_of(composed) is None
    assert made_reel(composed) != old


def test_what_is_not_stored_has_no_reel(ended_call: MakeEnded) -> None:
    recording = services.ensure_recording(ended_call(video=False).pk)

    with pytest.raises(NotReady):
        services.ask_reel(recording.pk, actor=SEAT_ACTOR)


def test_steps_that_overlap_are_one_stretch_and_unfinished_ones_none(composed: Recording) -> None:
    for order, begin, end in ((1, 100, 500), (2, 400, 900), (3, 1200, 1500)):
        a_step(composed.call, order, begin, end)
    composed.call.events.create(kind="script_step", at_ms=1600, payload={"order": 4})

    assert selectors.step_spans(composed.call) == [(100, 900), (1200, 1500)]


def test_steps_that_may_be_left_out_are_in_no_reel(composed: Recording) -> None:
    a_step(composed.call, 1, 100, 500, required=True)
    a_step(composed.call, 2, 600, 900, required=False)

    assert selectors.step_spans(composed.call) == [(100, 500)]


def test_a_step_left_out_with_a_reason_is_in_no_reel(composed: Recording) -> None:
    a_step(composed.call, 1, 100, 500)
    a_step(composed.call, 2, 600, 900)
    composed.call.events.filter(payload__order=2, payload__done=True).update(
        payload={"order": 2, "done": True, "required": True, "skipped": True, "reason": "已核实"}
    )

    assert selectors.step_spans(composed.call) == [(100, 500)]


def test_the_quality_of_every_file_and_person_is_told(composed: Recording) -> None:
    quality = health.quality_of(composed)

    assert {(each.kind, each.gaps) for each in quality.people} == {("audio", 0), ("video", 0)}
    assert all(each.complete > 0.99 for each in quality.people)
    assert (quality.height, quality.is_below_floor, quality.damaged) == (480, False, 0)
    skews = [each.skew_ms for each in quality.files if each.skew_ms is not None]
    assert len(skews) == 2
    assert all(abs(skew) <= 100 for skew in skews)


def test_a_gap_between_two_files_of_a_person_counts(composed: Recording) -> None:
    track = composed.tracks.filter(kind="video").order_by("pk")[0]
    composed.tracks.create(
        participant_id=track.participant_id,
        leg_no=2,
        kind="video",
        file="tracks/later.mkv",
        start_ms=track.end_ms + 3000,
        end_ms=track.end_ms + 5000,
        bytes=1,
        sha256="",
    )

    worst = min(health.quality_of(composed).people, key=lambda each: each.complete)

    assert (worst.gaps, worst.longest_gap_s) == (1, 3.0)
    assert worst.complete == pytest.approx(4 / 7, abs=0.02)


def test_a_camera_that_stayed_away_is_missing_for_as_long_as_its_person_was_there(
    composed: Recording,
) -> None:
    call = composed.call
    place = call.participants.get(role="customer")
    place.joined_at = call.clock_started_at
    place.left_at = call.clock_started_at + dt.timedelta(seconds=20)
    place.save()
    video = composed.tracks.filter(kind="video", participant_id=str(place.pk))
    covered_s = sum(each.end_ms - each.start_ms for each in video) / 1000

    def of_the_customer() -> dict[str, health.PersonQuality]:
        people = health.quality_of(composed).people
        return {each.kind: each for each in people if each.person == place.name}

    short = of_the_customer()["video"]
    assert short.gaps == 1
    assert short.complete == pytest.approx(covered_s / 20, abs=0.02)
    video.delete()
    gone = of_the_customer()["video"]
    assert (gone.gaps, gone.longest_gap_s, gone.complete) == (1, 20.0, 0.0)


def test_the_reel_plays_with_a_ticket_only(world) -> None:
    world.recording.objects_stored.create(
        kind=ObjectKind.REEL,
        name=f"out/reel.{world.recording.sha256[:12]}.mp4",
        key=StoredObject.objects.get(name=world.recording.file).key + "x",
        bytes=1,
        sha256="0" * 64,
        confirmed_at="2026-01-01T00:00Z",
    )
    url = reverse("recordings:reel", args=[world.call.pk])

    assert as_user(world.supervisor).get(url).status_code == 403
    assert as_user(world.stranger).get(url).status_code == 404


def test_who_asks_for_a_reel_hears_how_far_it_is_or_why_there_is_none(
    world, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = as_user(world.supervisor)
    url = reverse("recordings:reel", args=[world.call.pk])
    woken: list[str] = []
    monkeypatch.setattr("recordings.tasks.make_reel.delay", woken.append)
    Recording.objects.update(duration_ms=2000)

    refused = client.post(url)
    assert (refused.status_code, "话术步骤" in refused.content.decode()) == (409, True)

    a_step(world.call, 1, 100, 900)
    assert client.post(url).status_code == 202
    told = client.get(reverse("recordings:review", args=[world.call.pk])).json()["reel"]
    assert (told["state"], told["percent"], told["url"]) == ("making", 0, None)
