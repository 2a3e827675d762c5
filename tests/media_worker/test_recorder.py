"""One track of the recording, its writer's steps taken by hand: places, parts, keyframes, gaps."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import pytest

from media_worker.rtc.journal import CallClock
from media_worker.rtc.matroska import MatroskaFile
from media_worker.rtc.recorder import QUEUE_MAX, Track, TrackName

KEY = b"\x10\x50\x00\x00\x9d\x01\x2a\x40\x01\xf0\x00"  # descriptor and keyframe, 320 x 240
DELTA = b"\x10\x51\x00\x00"
SILENCE = b"\xf8\xff\xfe"
STEP_S = {"video": 0.1, "audio": 0.02}
CLOCK = {"video": 90_000, "audio": 48_000}


@dataclass
class Taken:
    """A track, what it told, and who sends to it: ten pictures or fifty sounds a second."""

    folder: Path
    kind: str
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    sent: int = 0
    skipped_s: float = 0.0  # that the publisher's clock stood

    def __post_init__(self) -> None:
        self.start = time.monotonic()
        self.call = CallClock(int(time.time() * 1000))
        name = TrackName("cust", "leg-c", 1, self.kind, 1)
        self.track = Track(name, self.folder, self.call, 3600.0, self._note)

    def _note(self, kind: str, body: dict[str, Any]) -> None:
        self.told.append((kind, body))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [body for told, body in self.told if told == kind]

    @property
    def now(self) -> float:
        """When the next one is due."""
        return self.start + self.sent * STEP_S[self.kind] + self.skipped_s

    def send(self, number: int, *, key: bool = False, late_s: float = 0.0) -> None:
        """The writer looks once after all of them."""
        for index in range(number):
            self.put(key=key and index == 0, arrived=self.now + late_s)
        self.track.drain(self.now + late_s)

    def put(self, *, key: bool, arrived: float) -> None:
        payload = (KEY if key else DELTA) if self.kind == "video" else SILENCE
        timestamp = int(self.sent * STEP_S[self.kind] * CLOCK[self.kind])
        packet = bytes(12) + payload
        self.track.on_packet(self.sent, timestamp, True, packet, 12, key, arrived)
        self.sent += 1

    def end(self) -> list[list[float]]:
        """Seconds of the call at which each frame of each part lies."""
        self.track.end()
        self.track.drain(self.now)
        assert self.track.closed.done()
        parts = []
        for body in self.of("track.ended"):
            with av.open(str(self.folder / body["file"])) as container:
                at = [float(p.pts * p.time_base) for p in container.demux() if p.size]  # type: ignore[operator]
            parts.append([round(body["start_ms"] / 1000 + moment, 1) for moment in at])
        return parts


@pytest.fixture
def picture(tmp_path: Path) -> Taken:
    return Taken(tmp_path, "video")


@pytest.fixture
def sound(tmp_path: Path) -> Taken:
    return Taken(tmp_path, "audio")


def tenths(start: int, end: int) -> list[float]:
    return [round(number / 10, 1) for number in range(start, end)]


def test_what_a_queue_on_the_way_delivers_later_and_later_keeps_its_places(picture: Taken) -> None:
    picture.send(10, key=True)
    for late_s in (0.5, 1.0, 1.5, 2.0):  # it fills, each time within half a second
        picture.send(5, late_s=late_s)
    for late_s in (1.9, 1.8, 1.7, 1.6, 1.5, 1.2, 0.8, 0.3):  # and empties slowly
        picture.send(5, late_s=late_s)

    assert picture.end() == [tenths(0, 70)]
    assert picture.of("track.gap") == []


def test_a_publisher_whose_clock_stood_goes_on_where_it_came_back(picture: Taken) -> None:
    picture.send(20, key=True)
    picture.skipped_s = 4.0
    picture.send(15)
    picture.send(5)
    asked = len(picture.of("track.wants_keyframe"))
    picture.send(10, key=True)

    assert asked == 1
    # Nothing is left out before the keyframe; the line to the clock is another one after it.
    assert picture.end() == [[*tenths(0, 20), *tenths(60, 80)], tenths(80, 90)]
    [gap] = picture.of("track.gap")
    assert (round(gap["from_ms"] / 1000, 1), round(gap["to_ms"] / 1000, 1)) == (1.9, 6.0)


def test_late_frames_in_doubt_are_written_when_the_track_ends(picture: Taken) -> None:
    picture.send(10, key=True)
    picture.send(3, late_s=2.0)

    assert picture.end() == [[*tenths(0, 10), *tenths(30, 33)]]


def test_a_full_queue_costs_no_more_than_the_time_to_the_keyframe_that_is_asked_for(
    picture: Taken,
) -> None:
    picture.send(10, key=True)
    for _ in range(QUEUE_MAX + 10):
        picture.put(key=False, arrived=picture.now)
    picture.track.drain(picture.now)
    picture.send(5)
    asked = len(picture.of("track.wants_keyframe"))
    picture.send(5, key=True)

    [written] = picture.end()
    assert asked == 1
    assert picture.track.dropped == 15
    assert len(written) == 10 + QUEUE_MAX + 5


def test_after_a_write_that_failed_a_keyframe_is_asked_for_until_it_comes(
    picture: Taken, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: MatroskaFile, _frames: object) -> None:
        raise OSError(28, "no space")

    picture.send(10, key=True)
    with monkeypatch.context() as broken:
        broken.setattr(MatroskaFile, "write", full)
        picture.send(5)
    picture.send(20)
    once = len(picture.of("track.wants_keyframe"))
    picture.send(20)

    assert len(picture.of("track.failed")) == 1
    assert once == 1
    assert len(picture.of("track.wants_keyframe")) == 2


def test_sound_is_recorded_again_after_its_queue_was_full(sound: Taken) -> None:
    sound.send(50)
    for _ in range(QUEUE_MAX + 100):
        sound.put(key=False, arrived=sound.now)
    sound.track.drain(sound.now)
    sound.send(50)

    [written] = sound.end()
    assert sound.track.dropped == 100
    assert len(written) == 50 + QUEUE_MAX + 50


def test_a_gap_is_told_once_when_it_is_over(sound: Taken, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: MatroskaFile, _data: bytes) -> None:
        raise OSError(28, "no space")

    sound.send(50)
    with monkeypatch.context() as broken:
        broken.setattr(MatroskaFile, "_append", full)
        for _ in range(20):
            sound.send(25)
    before = len(sound.of("track.gap"))
    for _ in range(6):
        sound.send(25)

    assert before == 0
    [gap] = sound.of("track.gap")
    [_, after] = sound.end()
    assert gap["to_ms"] - gap["from_ms"] > 9_000
    assert after[0] == round(gap["to_ms"] / 1000, 1)
    assert len(list((sound.folder / "tracks").iterdir())) == 2  # none of those that failed
