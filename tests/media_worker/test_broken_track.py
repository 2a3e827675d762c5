"""One track cannot be written any more (M3): it alone starts anew, the others notice nothing."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import av
import pytest
import pytest_asyncio

from media_worker.rtc import room as rooms
from media_worker.rtc.matroska import MatroskaFile
from media_worker.rtc.recorder import Recorder
from media_worker.rtc.room import Room
from tests.support.light_room import LightLeg, open_room
from tests.support.rtc import until


@pytest_asyncio.fixture
async def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    """Two who speak all the time."""
    monkeypatch.setattr(rooms, "Leg", LightLeg)
    recorder = Recorder()
    opened = await open_room(tmp_path, 1, recorder)
    for who in ("ann", "bob"):
        _, leg = await opened.connect(
            participant_id=who,
            leg_id=f"leg-{who}",
            name=who,
            role="customer",
            offer_sdp="v=0",
            publishes={"audio"},
        )
        assert isinstance(leg, LightLeg)
        leg.come_up()
    speaking = asyncio.create_task(_speak(opened))
    yield opened
    speaking.cancel()
    recorder.stop()


async def _speak(room: Room) -> None:
    start = time.monotonic()
    while True:
        for leg in list(room.legs.values()):
            assert isinstance(leg, LightLeg)
            leg.speak(1, at_s=time.monotonic() - start)
        await asyncio.sleep(0.02)


def lines(room: Room, kind: str) -> list[dict[str, Any]]:
    read = [json.loads(line) for line in room.journal.path.read_text().splitlines()]
    return [line for line in read if line["kind"] == kind]


def seconds(path: Path) -> float:
    with av.open(str(path)) as container:
        return max(float(p.pts * p.time_base) for p in container.demux() if p.size)  # type: ignore[operator]


async def test_a_track_that_breaks_is_started_anew_and_the_gap_told(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = MatroskaFile.write

    def break_for_ann(file: MatroskaFile, frames: list[tuple[int, bool, bytes]]) -> None:
        if file.path.name.startswith("ann"):
            raise ValueError("a frame nobody thought of")
        write(file, frames)

    await until(lambda: all(t["bytes"] > 600 for t in room.proof()["tracks"]), "both are written")
    with monkeypatch.context() as broken:
        broken.setattr(MatroskaFile, "write", break_for_ann)
        await until(lambda: lines(room, "track.broken"), "it is told")
    await until(lambda: lines(room, "track.gap"), "it is written again")
    closed = await room.close("done")

    [told] = lines(room, "track.broken")
    first, second = (t for t in closed["tracks"] if t["participant_id"] == "ann")
    [other] = [t for t in closed["tracks"] if t["participant_id"] == "bob"]
    [gap] = lines(room, "track.gap")
    assert (told["file"], gap["file"]) == (first["file"], second["file"])
    assert gap["to_ms"] == second["start_ms"]
    assert 0 <= first["end_ms"] - gap["from_ms"] < 100
    assert gap["to_ms"] - gap["from_ms"] < 3000
    assert (
        abs(
            other["end_ms"] / 1000 - other["start_ms"] / 1000 - seconds(room.folder / other["file"])
        )
        < 0.1
    )


async def test_a_file_that_cannot_even_be_closed_is_measured_as_after_a_crash(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_file: MatroskaFile, *_: object) -> None:
        raise ValueError("broken through and through")

    await until(lambda: all(t["bytes"] > 600 for t in room.proof()["tracks"]), "both are written")
    with monkeypatch.context() as broken:
        broken.setattr(MatroskaFile, "write", fails)
        broken.setattr(MatroskaFile, "close", fails)
        await until(lambda: len(lines(room, "track.ended")) == 2, "their books are closed")
    closed = await room.close("done")

    assert all(line["recovered"] for line in lines(room, "track.ended")[:2])
    assert {t["participant_id"] for t in closed["tracks"]} == {"ann", "bob"}
