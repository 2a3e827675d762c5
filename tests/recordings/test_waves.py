"""How loud it was: the lanes of the player's timeline."""

from pathlib import Path

import av
import numpy as np
import pytest

from recordings import waves
from recordings.folder import read_folder
from recordings.probe import probe
from recordings.waves import MOST, STEP_MS, lane, lanes, level_of, put
from tests.support.footage import make_call_folder, two_people

SECONDS = 3.0


def sound(peak, kind="flt"):
    if kind == "s16":
        coarse = np.full((1, 960), peak * 32767).astype(np.int16)
        return av.AudioFrame.from_ndarray(coarse, format=kind, layout="mono")
    fine = np.full((1, 960), peak).astype(np.float32)
    return av.AudioFrame.from_ndarray(fine, format=kind, layout="mono")


@pytest.mark.parametrize("kind", ["flt", "s16"])
def test_a_step_is_about_six_decibel(kind):
    assert [level_of(sound(peak, kind)) for peak in (0, 0.001, 0.25, 0.5, 1)] == [0, 0, 7, 8, 9]


def test_the_loudest_of_a_step_counts_and_what_was_left_out_is_silent():
    levels: list[int] = []

    for at_ms, level in ((0, 3), (20, 5), (3 * STEP_MS, 2), (-7, 1), (1e12, 9)):
        put(levels, at_ms, level)

    assert waves.as_text(levels) == "5002"


def test_a_lane_lays_the_files_along_the_call():
    assert lane([(0, "12"), (1200, "9")], 2000) == "1200009000"
    assert lane([(0, "0000")], 2000) == ""
    assert lane([], 0) == ""
    long = lane([(0, "7" * 9000)], 9000 * STEP_MS)
    assert long == "7" * MOST


def test_only_who_was_heard_has_a_lane():
    assert lanes([("a", 0, "5"), ("b", 0, "0")], STEP_MS) == {"a": "5"}


def test_a_probed_file_says_when_it_beeps(tmp_path: Path):
    make_call_folder(tmp_path, "call", two_people(SECONDS), SECONDS)

    probed = probe(read_folder(tmp_path / "call"))

    for part in probed:
        heard = [int(digit) for digit in part.levels]
        if part.kind == "video":
            assert heard == []
            continue
        assert len(heard) == pytest.approx(SECONDS * 1000 / STEP_MS, abs=2)
        assert max(heard) >= 5
        assert min(heard) < max(heard)
