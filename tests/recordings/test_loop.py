"""试录 before signing in, with a real media worker: recorded, composed, hashed, compared (WB-1)."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connections

from common.errors import NotFound
from media_worker.gateway import MediaUnavailable
from recordings import services
from recordings.services.loop import LoopReport
from tests.support.real_worker import registered_worker
from tests.support.rtc import Peer, WorkerProcess, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest_asyncio.fixture
async def peer() -> AsyncIterator[Peer]:
    made = Peer(slots=0)
    yield made
    await made.close()
    await sync_to_async(connections.close_all)()


@pytest_asyncio.fixture
async def worker() -> AsyncIterator[WorkerProcess]:
    async with registered_worker() as process:
        yield process


async def begun(peer: Peer) -> str:
    answer = await sync_to_async(services.start_loop)("7", offer_sdp=await peer.offer())
    await peer.accept(answer["answer_sdp"])
    await until(lambda: peer.connection.connectionState == "connected", "the peer connects")
    return answer["loop_id"]


async def sent(peer: Peer, seconds: float) -> None:
    await until(lambda: peer.camera.number >= seconds * 15, "pictures are sent", seconds + 10)


async def finished(loop_id: str, owner: str = "7") -> LoopReport:
    return await sync_to_async(services.finish_loop)(loop_id, owner=owner)


def video_of(loop_id: str) -> Path:
    [video] = Path(settings.SPOOL_DIR, loop_id).rglob("*video*")
    return video


def spoil_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\x00" * 1_000)


def folders() -> Iterator[str]:
    return (each.name for each in Path(settings.SPOOL_DIR).glob("loop-*"))


async def test_a_good_path_is_recorded_whole_composed_and_leaves_nothing_behind(
    worker: WorkerProcess, peer: Peer
) -> None:
    loop_id = await begun(peer)
    assert list(folders()) == [loop_id]
    await sent(peer, 7)
    with pytest.raises(NotFound):
        await finished(loop_id, owner="8")  # a colleague's

    report = await finished(loop_id)

    assert report.problems == ()
    assert report.as_dict()["ok"] is True
    assert 5_000 <= report.duration_ms <= 12_000
    assert (report.width, report.height) != (0, 0)
    assert report.bytes > 10_000
    assert report.video_kbps > 0
    assert len(report.sha256) == 64
    assert list(folders()) == []
    with pytest.raises(NotFound):
        await finished(loop_id)  # once


async def test_a_file_that_was_damaged_and_one_too_short_are_named(
    worker: WorkerProcess, peer: Peer
) -> None:
    loop_id = await begun(peer)
    await sent(peer, 2)
    await until(lambda: video_of(loop_id).stat().st_size > 4_000, "a picture is on the disk")
    spoil_header(video_of(loop_id))

    report = await finished(loop_id)

    assert "short" in report.problems
    assert "damaged" in report.problems
    assert report.as_dict()["ok"] is False


async def test_without_a_worker_there_is_no_test_recording(peer: Peer) -> None:
    offer = await peer.offer()

    with pytest.raises(MediaUnavailable):
        await sync_to_async(services.start_loop)("7", offer_sdp=offer)

    assert list(folders()) == []


def test_what_an_abandoned_test_left_is_removed_by_the_next_one_and_calls_are_not(
    settings: Any,
) -> None:
    spool = Path(settings.SPOOL_DIR)
    for name in ("loop-old", "call-old", "loop-new"):
        (spool / name).mkdir()
        if name.endswith("old"):
            os.utime(spool / name, (1, 1))

    with pytest.raises(MediaUnavailable):
        services.start_loop("7", offer_sdp="v=0")

    assert sorted(each.name for each in spool.iterdir()) == ["call-old", "loop-new"]
