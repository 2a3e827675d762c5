"""The composed copy, read back from its pixels and samples."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from recordings.compose import labels
from recordings.compose.composer import NothingToCompose, compose
from recordings.compose.layout import Box, fitted, grid, staged
from recordings.compose.spec import Composed, Label, Spec
from recordings.folder import read_folder
from tests.support import picture
from tests.support.footage import Take, make_call_folder, two_people, write_rescue
from tests.support.readback import ReadBack, cut, luma, read_mp4, skews_ms

SEAT_HZ, CUSTOMER_HZ = 700, 1500


def composed(
    spool: Path, takes: list[Take], seconds: float, spec: Spec | None = None, **folder: bool
) -> tuple[Composed, Path]:
    call = make_call_folder(spool, "call", takes, seconds, **folder)
    out = spool / "out.mp4"
    return compose(read_folder(call), out, spec or Spec()), out


def all_skews(back: ReadBack) -> list[float]:
    skews: list[float] = []
    for tile, hz in zip(back.tiles, (SEAT_HZ, CUSTOMER_HZ), strict=True):
        skews += skews_ms(tile.flashes, back.beeps(hz))
    return skews


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[ReadBack, Path]:
    spool = tmp_path_factory.mktemp("plain")
    _, out = composed(spool, two_people(4), 4)
    return read_mp4(out, tiles=2), out


def test_both_streams_begin_at_zero_and_last_as_long_as_the_call(
    plain: tuple[ReadBack, Path],
) -> None:
    back, _ = plain

    assert back.codecs == ("h264", "aac")
    assert (back.video_start_s, back.audio_start_s) == (0, 0)
    assert back.duration_s == pytest.approx(4, abs=0.1)
    assert back.video_duration_s == pytest.approx(4, abs=0.1)
    assert back.audio_duration_s == pytest.approx(4, abs=0.1)


def test_the_frame_rate_is_constant_and_the_picture_has_480_lines(
    plain: tuple[ReadBack, Path],
) -> None:
    back, _ = plain
    times = [at_s for at_s, _ in back.tiles[0].readings]

    assert (back.width, back.height, back.fps) == (854, 480, 10)
    assert np.allclose(np.diff(times), 1 / 10, atol=0.001)


def test_the_index_comes_before_the_media(plain: tuple[ReadBack, Path]) -> None:
    _, out = plain
    body = out.read_bytes()

    assert body.index(b"moov") < body.index(b"mdat")


def test_each_tile_shows_its_own_person_moving_in_time(plain: tuple[ReadBack, Path]) -> None:
    back, _ = plain

    for who, tile in enumerate(back.tiles, start=1):
        seen = [(at_s, r) for at_s, r in tile.readings if r is not None]
        assert {r.who for _, r in seen} == {who}
        assert len(seen) >= 35
        for at_s, reading in seen:
            assert reading.counter / 15 == pytest.approx(at_s, abs=0.08)


def test_both_voices_beep_every_second_with_their_flash(plain: tuple[ReadBack, Path]) -> None:
    back, _ = plain

    for hz in (SEAT_HZ, CUSTOMER_HZ):
        assert back.beeps(hz) == pytest.approx([1, 2, 3], abs=0.01)
    assert len(all_skews(back)) == 6
    assert max(abs(skew) for skew in all_skews(back)) <= 80


def test_sender_reports_undo_what_the_network_delayed(tmp_path: Path) -> None:
    takes = [replace(t, arrival_ms=(240, 60), reports=True) for t in two_people(4)]

    _, out = composed(tmp_path, takes, 4)

    assert max(abs(skew) for skew in all_skews(read_mp4(out, tiles=2))) <= 80


def test_a_hole_is_filled_with_what_the_device_recorded_and_stays_a_gap(tmp_path: Path) -> None:
    seat, customer = two_people(6)
    before, after = replace(customer, until_s=1.6), replace(customer, from_s=4.3, leg_no=2)
    folder = make_call_folder(tmp_path, "call", [seat, before, after], 6)
    # Two overlapping stretches that begin before the hole and end after it.
    write_rescue(folder, replace(customer, from_s=0.5, until_s=3.0))
    write_rescue(folder, replace(customer, from_s=2.9, until_s=5.0))
    out = tmp_path / "out.mp4"

    result = compose(read_folder(folder), out, Spec())

    back = read_mp4(out, tiles=2)
    (gap,) = result.gaps
    assert (gap["participant_id"], gap["rescued"]) == ("cust1", True)
    assert (gap["from_ms"], gap["until_ms"]) == (
        pytest.approx(1600, abs=100),
        pytest.approx(4300, abs=100),
    )
    assert result.damaged == []
    assert None not in back.tiles[1].showing(1.8, 4.2)
    beeps = back.beeps(CUSTOMER_HZ)
    assert len([at for at in beeps if 1.7 < at < 4.2]) == 3  # at 2, 3 and 4 s, each once
    skews = all_skews(back)
    assert max(map(abs, skews)) <= 80


def test_a_hole_shows_a_card_is_silent_and_moves_nothing_after_it(tmp_path: Path) -> None:
    seat, customer = two_people(6)
    before = replace(customer, until_s=2.1, ended=False)
    after = replace(customer, from_s=4.3, leg_no=2, epoch=2)

    result, out = composed(tmp_path, [seat, before, after], 6)

    back = read_mp4(out, tiles=2)
    tile = back.tiles[1]
    assert all(r is None for r in tile.showing(2.9, 4.2))
    assert all(r is not None for r in tile.showing(4.5, 6))
    assert back.beeps(CUSTOMER_HZ) == pytest.approx([1, 2, 5], abs=0.03)
    assert [gap["participant_id"] for gap in result.gaps] == ["cust1"]
    assert result.gaps[0]["until_ms"] == pytest.approx(4300, abs=100)
    for skew in all_skews(back):
        assert abs(skew) <= 80
    assert all(r is not None for r in back.tiles[0].showing(0.5, 6))


def test_a_truncated_file_costs_only_its_own_tail_and_is_reported(tmp_path: Path) -> None:
    takes = two_people(4)
    call = make_call_folder(tmp_path, "call", takes, 4)
    broken = call / takes[1].file("video")
    broken.write_bytes(broken.read_bytes()[: broken.stat().st_size // 2])
    (call / takes[0].file("audio")).write_bytes(b"this was never Matroska")

    result = compose(read_folder(call), tmp_path / "out.mp4", Spec())

    back = read_mp4(tmp_path / "out.mp4", tiles=2)
    assert takes[0].file("audio") in [damage["file"] for damage in result.damaged]
    assert back.duration_s == pytest.approx(4, abs=0.1)
    assert len(back.tiles[0].counters) >= 35
    assert len(back.tiles[1].counters) >= 10
    assert all(r is None for r in back.tiles[1].showing(3.4, 4))
    assert len(back.beeps(CUSTOMER_HZ)) == 3


def test_a_rotated_phone_goes_on_in_its_tile(tmp_path: Path) -> None:
    seat, customer = two_people(4)
    upright = replace(customer, until_s=2)
    sideways = replace(customer, from_s=2, part=2, size=(240, 320), audio=False)
    upright_sound = replace(customer, video=False)

    _, out = composed(tmp_path, [seat, replace(upright, audio=False), sideways, upright_sound], 4)

    first = read_mp4(out, tiles=2).tiles[1].showing(0.6, 1.9)
    then = read_mp4(out, tiles=2, shapes=[(4, 3), (3, 4)]).tiles[1].showing(2.1, 4)
    assert all(r is not None and r.who == 2 for r in first)
    assert all(r is not None and r.who == 2 for r in then)


def test_nine_people_have_nine_moving_tiles(tmp_path: Path) -> None:
    def hz(n: int) -> int:
        return 500 + 400 * n

    takes = [
        Take(f"p{n}", "参与人", "customer", 0.3, 2, who=n % 8, tone_hz=hz(n), level=0.1)
        for n in range(9)
    ]

    _, out = composed(tmp_path, takes, 2)

    back = read_mp4(out, tiles=9)
    for n, tile in enumerate(back.tiles):
        assert {r.who for r in tile.showing(0.6, 2) if r is not None} == {n % 8}
        assert len(set(tile.counters)) >= 15
        assert back.beeps(hz(n)) == pytest.approx([1], abs=0.03)


def test_who_came_when_all_tiles_were_taken_is_heard_and_said_to_be_unseen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recordings.compose.composer.MAX_TILES", 1)

    result, out = composed(tmp_path, two_people(2), 2)

    [unseen] = [part.file for part in read_folder(tmp_path / "call").parts_of("cust1", "video")]
    assert result.damaged == [{"file": unseen, "what": "no tile left"}]
    back = read_mp4(out, tiles=1)
    assert back.beeps(SEAT_HZ) == pytest.approx([1], abs=0.03)
    assert back.beeps(CUSTOMER_HZ) == pytest.approx([1], abs=0.03)


def test_the_cut_is_where_the_call_ended_not_where_the_files_do(tmp_path: Path) -> None:
    _, out = composed(tmp_path, two_people(4), 4, Spec(end_ms=2500))

    assert read_mp4(out, tiles=2).duration_s == pytest.approx(2.5, abs=0.1)


def test_a_copy_that_begins_later_shows_and_sounds_the_same_moments(tmp_path: Path) -> None:
    late = [replace(take, from_s=take.from_s + 3) for take in two_people(6)]

    result, out = composed(tmp_path, late, 6, Spec(start_ms=2000, end_ms=6000))

    back = read_mp4(out, tiles=2)
    assert result.duration_ms == 4000
    assert (back.video_start_s, back.audio_start_s) == (0, 0)
    assert back.audio_duration_s == pytest.approx(back.video_duration_s, abs=0.03)
    assert back.beeps(SEAT_HZ) == pytest.approx([2, 3], abs=0.03)
    assert set(back.tiles[0].counters) <= set(range(48, 90))
    assert max(map(abs, all_skews(back))) <= 80


@pytest.mark.parametrize(
    ("codec", "rate", "layout"),
    [
        pytest.param("pcm_s16le", 8000, "mono", id="telephone"),
        pytest.param("pcm_s16le", 44_100, "stereo", id="stereo of another rate"),
        pytest.param("libopus", 48_000, "stereo", id="stereo opus"),
    ],
)
def test_voices_of_any_rate_and_any_number_of_channels_are_mixed_in_time(
    tmp_path: Path, codec: str, rate: int, layout: str
) -> None:
    takes = two_people(4, video=False)
    call = make_call_folder(tmp_path, "call", takes, 4)
    file = call / takes[1].file("audio")
    with av.open(str(file)) as source:
        frames = list(source.decode(audio=0))
    with av.open(str(file), "w", format="matroska") as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.layout = layout
        resampler = av.AudioResampler(stream.format.name, layout, rate)
        for frame in [*frames, None]:
            for part in resampler.resample(frame):
                container.mux(stream.encode(part))
        container.mux(stream.encode(None))

    compose(read_folder(call), tmp_path / "out.mp4", Spec())

    back = read_mp4(tmp_path / "out.mp4", tiles=2)
    assert back.codecs == ("h264", "aac")
    assert back.beeps(SEAT_HZ) == pytest.approx([1, 2, 3], abs=0.03)
    assert back.beeps(CUSTOMER_HZ) == pytest.approx([1, 2, 3], abs=0.03)


def test_a_call_whose_worker_died_is_composed_from_what_is_there(tmp_path: Path) -> None:
    takes = [replace(take, ended=False) for take in two_people(3)]

    _, out = composed(tmp_path, takes, 3, Spec(end_ms=3000), closed=False)

    assert len(read_mp4(out, tiles=2).tiles[0].counters) >= 25


def test_chinese_labels_clock_and_watermark_are_in_the_picture(tmp_path: Path) -> None:
    def corner(spec: Spec) -> list[np.ndarray]:
        _, out = composed(tmp_path / str(len(spec.watermark)), two_people(2), 2, spec)
        with av.open(str(out)) as container:
            frames = [luma(frame).copy() for frame in container.decode(video=0)]
        return [frames[3], frames[-3]]

    (tmp_path / "0").mkdir()
    (tmp_path / "3").mkdir()
    labels = {"cust1": Label("张晓明", "主借人", [(0, "31.2304, 121.4737")])}
    bare = corner(Spec())
    marked = corner(Spec(watermark="永续贷", labels=labels))

    top_right = (slice(4, 28), slice(700, 850))
    assert marked[0][top_right].max() > 200
    assert bare[0][top_right].max() < 60
    ticking = (slice(4, 28), slice(4, 170))
    assert (marked[0][ticking] > 180).any()
    assert (marked[0][ticking] != marked[1][ticking]).any()
    gps = (slice(430, 452), slice(430, 620))
    assert marked[0][gps].max() > 200
    assert bare[0][gps].max() < 60


def test_the_position_on_a_tile_is_that_of_the_moment(tmp_path: Path) -> None:
    far, near = "-31.230400, -121.473700", "1.0, 2.0"
    takes = two_people(4)
    gps = (slice(430, 452), slice(430, 850))

    def strips(*positions: tuple[int, str]) -> list[np.ndarray]:
        spec = Spec(labels={"cust1": Label("张晓明", "主借人", positions)})
        (spool := tmp_path / str(len(list(tmp_path.iterdir())))).mkdir()
        _, out = composed(spool, takes, 4, Spec.from_json(spec.to_json()))
        with av.open(str(out)) as container:
            return [luma(frame)[gps].astype(int) for frame in container.decode(video=0)]

    moved = strips((600, far), (2000, near), (3000, far))
    alone = {words: strips((0, words)) for words in (far, near)}
    for at_s, words in ((0.3, far), (1.7, far), (2.3, near), (2.8, near), (3.4, far)):
        at = round(at_s * Spec().fps)
        same, other = alone[words][at], alone[near if words == far else far][at]
        assert np.abs(moved[at] - same).mean() < np.abs(moved[at] - other).mean() / 3


def test_chinese_letters_are_not_boxes() -> None:
    from recordings.compose.labels import text

    assert not np.array_equal(text("张", 20, 100), text("晓", 20, 100))


def test_nothing_is_composed_from_a_call_without_length(tmp_path: Path) -> None:
    call = make_call_folder(tmp_path, "call", [], 0)

    with pytest.raises(NothingToCompose):
        compose(read_folder(call), tmp_path / "out.mp4", Spec())


def test_the_process_prints_its_progress_and_the_result(tmp_path: Path) -> None:
    call = make_call_folder(tmp_path, "call", two_people(1), 1)
    spec = tmp_path / "spec.json"
    spec.write_text(Spec(labels={"cust1": Label("李文静")}).to_json(), encoding="utf-8")
    command = [sys.executable, "-m", "recordings.compose", str(call), str(tmp_path / "o.mp4")]

    run = subprocess.run(
        [*command, "--spec", str(spec)], capture_output=True, text=True, check=True
    )

    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert "progress" in lines[0]
    assert lines[-1]["result"]["duration_ms"] == 1000
    assert (tmp_path / "o.mp4").stat().st_size > 1000


@pytest.mark.parametrize("count", range(1, 10))
def test_tiles_are_even_inside_the_picture_and_do_not_overlap(count: int) -> None:
    covered = np.zeros((480, 854), int)

    for box in grid(count, 854, 480):
        assert (box.x | box.y | box.width | box.height) % 2 == 0
        assert cut(covered, box).shape == (box.height, box.width)
        cut(covered, box)[:] += 1
        inner = fitted(720, 1280, box)
        assert inner.height <= box.height
        assert inner.width <= box.width

    assert covered.max() == 1


def test_what_is_shown_to_everybody_is_large_and_everybody_stands_beside_it(
    tmp_path: Path,
) -> None:
    seat, customer = two_people(6)
    item = Take("media", "风险提示", "media", 2.4, 4, who=5, tone_hz=2600, size=(640, 360))

    result, out = composed(tmp_path, [seat, customer, item], 6)

    stage, beside = staged(2, 854, 480)
    with av.open(str(out)) as container:
        frames = [
            (float(frame.time or 0), luma(frame).copy()) for frame in container.decode(video=0)
        ]

    def who(box: Box, shape: tuple[int, int], from_s: float, until_s: float) -> set[int | None]:
        seen = [
            picture.read(cut(gray, fitted(*shape, box)))
            for at_s, gray in frames
            if from_s <= at_s < until_s
        ]
        return {reading.who if reading else None for reading in seen}

    small = [who(box, (4, 3), 2.8, 3.8) for box in beside]
    back = read_mp4(out, tiles=2)
    assert who(stage, (16, 9), 2.8, 3.8) == {5}
    assert small == [{1}, {2}]
    for number, tile in enumerate(back.tiles, start=1):
        for first, last in ((0.5, 1.9), (4.2, 6)):
            assert {r.who if r else None for r in tile.showing(first, last)} == {number}
    assert back.beeps(2600) == pytest.approx([3], abs=0.03)
    assert result.gaps == []


def test_an_item_without_a_picture_leaves_everybody_in_the_grid_under_its_title(
    tmp_path: Path,
) -> None:
    seat, customer = two_people(6)
    item = Take("media", "风险提示", "media", 1.4, 3, tone_hz=2600, video=False)
    shown = Take("media", "产品介绍", "media", 4, 5, who=5, leg_no=2, size=(640, 360), audio=False)

    _, out = composed(tmp_path, [seat, customer, item, shown], 6)

    folder = read_folder(tmp_path / "call")
    assert [folder.only_heard(at_ms) for at_ms in (1000, 2000, 3500, 4500)] == [
        "",
        "风险提示",
        "",
        "",
    ]
    assert folder.on_stage(2000) is None
    assert folder.on_stage(4500) is not None
    back = read_mp4(out, tiles=2)
    for number, tile in enumerate(back.tiles, start=1):
        assert {r.who if r else None for r in tile.showing(0.5, 3.8)} == {number}
        assert {r.who if r else None for r in tile.showing(5.2, 6)} == {number}
    assert back.beeps(2600) == pytest.approx([2], abs=0.03)
    with av.open(str(out)) as container:
        tops = [
            (float(frame.time or 0), luma(frame)[30:52, 380:474].max())
            for frame in container.decode(video=0)
        ]
    titled = {at_s for at_s, brightest in tops if brightest > 200}
    assert titled
    assert all(1.3 <= at_s <= 3.1 for at_s in titled)


def test_every_item_is_shown_under_its_own_title(tmp_path: Path) -> None:
    seat, customer = two_people(6)
    first = Take("media", "短", "media", 1, 2.5, who=5, size=(640, 360), audio=False)
    second = Take(
        *("media", "一段长得多的产品风险说明", "media", 3.5, 5),
        who=6,
        leg_no=2,
        size=(640, 360),
        audio=False,
    )

    _, out = composed(tmp_path, [seat, customer, first, second], 6)

    stage, _beside = staged(2, 854, 480)
    with av.open(str(out)) as container:
        frames = [
            (float(frame.time or 0), luma(frame).copy()) for frame in container.decode(video=0)
        ]

    def differs(title: str, from_s: float, until_s: float) -> float:
        """The picture's lower left corner from that title as it is printed, in grey levels."""
        strip = labels.text(f"素材播放 · {title}", 15, stage.width)
        height, width = strip.shape
        y = stage.y + stage.height - 4 - height
        box = Box(stage.x + 4 & ~1, y & ~1, width, height)
        seen = [cut(gray, box) for at_s, gray in frames if from_s <= at_s < until_s]
        return max(float(np.abs(each.astype(int) - strip).mean()) for each in seen)

    assert differs("短", 1.5, 2.3) < 40 < differs("一段长得多的产品风险说明", 1.5, 2.3)
    assert differs("一段长得多的产品风险说明", 4, 4.8) < 40


def test_an_item_that_is_paused_keeps_its_last_picture(tmp_path: Path) -> None:
    seat, customer = two_people(5)
    item = Take("media", "风险提示", "media", 1, 2, who=5, size=(640, 360), audio=False)
    call = make_call_folder(tmp_path, "call", [seat, customer, item], 5)
    journal = call / "journal.jsonl"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    for line in lines:
        if line["kind"] == "leg.closed" and line.get("participant_id") == "media":
            line["at_ms"] = 4000
    lines.sort(key=lambda line: line.get("at_ms", 0))
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))

    compose(read_folder(call), tmp_path / "out.mp4", Spec())

    stage, _ = staged(2, 854, 480)
    with av.open(str(tmp_path / "out.mp4")) as container:
        shown = [
            picture.read(cut(luma(frame), fitted(16, 9, stage)))
            for frame in container.decode(video=0)
            if 2.5 <= float(frame.time or 0) < 3.9
        ]
    assert shown
    assert {reading.who if reading else None for reading in shown} == {5}


@pytest.mark.parametrize("count", range(1, 10))
def test_the_stage_and_the_tiles_beside_it_do_not_overlap(count: int) -> None:
    covered = np.zeros((480, 854), int)
    stage, beside = staged(count, 854, 480)

    for box in (stage, *beside):
        assert (box.x | box.y | box.width | box.height) % 2 == 0
        assert cut(covered, box).shape == (box.height, box.width)
        cut(covered, box)[:] += 1

    assert len(beside) == count
    assert covered.max() == 1
