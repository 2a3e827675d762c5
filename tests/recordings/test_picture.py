"""Whether there is something to be seen, told from a look every few seconds (picture floor)."""

import json
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from recordings.picture import EVERY_MS, Looks, faults_of
from tests.support.footage import Take, make_call_folder
from tests.support.heads import head
from tests.support.picture import Gray

SIZE = (320, 240)
SECONDS = 3
Change = Callable[[Gray], Gray]


def room() -> Gray:
    """A papered wall."""
    width, height = SIZE
    paper = np.random.default_rng(1).normal(0, 9, (height // 4, width // 4))
    return np.clip(115 + np.kron(paper, np.ones((4, 4))), 16, 235).astype(np.uint8)


def moment(at_s: float, grain: float = 2.0) -> Gray:
    rng = np.random.default_rng(int(at_s * 1000))
    noise = np.clip(rng.normal(128, grain, SIZE[::-1]), 0, 255).astype(np.uint8)
    return head(*SIZE, at_s, 1, room(), noise)


def out_of_focus(picture: Gray) -> Gray:
    """As a lens far from its distance: every point is a disk of about a fiftieth of the picture."""
    kernel = np.hanning(15)
    kernel /= kernel.sum()
    for axis in (0, 1):
        picture = np.apply_along_axis(
            lambda line: np.convolve(np.pad(line, 7, "edge"), kernel, "valid"), axis, picture
        )
    grain = np.random.default_rng(int(picture.sum())).normal(0, 2.0, picture.shape)
    return np.clip(picture + grain, 16, 235).astype(np.uint8)  # the grain is the sensor's own


def without_lamp(picture: Gray) -> Gray:
    return (16 + (picture.astype(np.float32) - 16) * 0.08).astype(np.uint8)


def as_it_is(picture: Gray) -> Gray:
    return picture


def film(path: Path, change: Change, *, moves: bool = True) -> None:
    """VP8 with a keyframe each EVERY_MS, one frame a second, as long as four looks need."""
    with av.open(str(path), "w", format="matroska") as container:
        stream: Any = container.add_stream("libvpx", rate=1)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.bit_rate = 300_000
        stream.codec_context.gop_size = EVERY_MS // 1000
        stream.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
        chroma = np.full((SIZE[1] // 2, SIZE[0]), 128, np.uint8)
        for second in range(4 * EVERY_MS // 1000):
            gray = change(moment(second if moves else 0))
            frame = av.VideoFrame.from_ndarray(np.concatenate([gray, chroma]), "yuv420p")
            frame.pts, frame.time_base = second, Fraction(1, 1)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def probed(folder: Path) -> dict[str, Any]:
    """What the prober prints of the only video."""
    done = subprocess.run(
        [sys.executable, "-m", "recordings.probe", str(folder)],
        capture_output=True,
        check=True,
        text=True,
    )
    (line,) = [
        each for each in map(json.loads, done.stdout.splitlines()) if each["kind"] == "video"
    ]
    return line["picture"]


@pytest.mark.parametrize(
    ("change", "moves", "faults"),
    [
        (as_it_is, True, set()),
        (out_of_focus, True, {"blurred"}),
        (without_lamp, True, {"dark"}),
        (as_it_is, False, {"frozen"}),
    ],
    ids=["sharp", "blurred", "dark", "frozen"],
)
def test_what_cannot_be_seen_well_is_found_in_the_file(
    tmp_path: Path, change: Change, moves: bool, faults: set[str]
) -> None:
    take = Take("p1", "张三", "customer", 0, SECONDS, audio=False)
    folder = make_call_folder(tmp_path, "c1", [take], SECONDS)
    film(folder / take.file("video"), change, moves=moves)

    found = probed(folder)

    assert found["looks"] == 4
    # Without light nothing that moves is seen to move; 240 lines are below the floor.
    beside = {"frozen"} if change is without_lamp else set()
    assert faults | {"low"} <= set(faults_of(found)) <= faults | {"low"} | beside


def test_a_few_bad_moments_and_a_short_film_are_no_fault() -> None:
    assert faults_of({"looks": 20, "dark": 3, "blurred": 0, "frozen": 0}) == {}
    assert faults_of({"looks": 2, "dark": 2}) == {}
    assert faults_of({}) == {}
    assert faults_of({"looks": 20, "dark": 4}) == {"dark": 0.2}


def test_a_picture_that_changes_its_size_is_not_compared_with_the_one_before() -> None:
    looks = Looks()

    looks.look(np.full((240, 320), 100, np.float32))
    looks.look(np.full((120, 160), 100, np.float32))

    assert looks.as_json()["frozen"] == 0


def test_a_picture_of_too_few_lines_for_some_time_is_below_the_floor() -> None:
    looks = Looks()

    for lines in (480, 480, 720, 360):
        looks.look(np.full((240, 320), 100, np.float32), lines)

    assert looks.as_json()["low"] == 1
    assert faults_of(looks.as_json())["low"] == 0.25
