"""A customer behind a bad network: loss, delay, reordering, a stall, a blackout, a new address."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path as File

import pytest
import pytest_asyncio

from media_worker import gateway
from tests.support.network import Path, Weather
from tests.support.rtc import Peer, WebStub, WorkerProcess, read_video, until

NewPeer = Callable[..., Peer]


@pytest_asyncio.fixture
async def path() -> AsyncIterator[Path]:
    laid = Path(seed=11)
    await laid.lay()
    yield laid
    laid.close()


@pytest.mark.fault
async def test_a_lossy_slow_reordering_way_costs_no_frame_of_the_recording(
    worker: WorkerProcess, call_id: str, new_peer: NewPeer, spool: File, path: Path
) -> None:
    customer = new_peer()
    await customer.join(worker.control_url, call_id, "cust", "leg-c", "customer", path=path)
    await until(lambda: customer.camera.number > 10, "the customer sends")

    path.up = Weather(loss=0.05, delay_s=0.05, jitter_s=0.02)
    path.down = Weather(loss=0.05, delay_s=0.05, jitter_s=0.02)
    await until(lambda: customer.camera.number > 100, "six seconds of it")
    path.up, path.down = Weather(), Weather()
    end = customer.camera.number + 15
    await until(lambda: customer.camera.number > end, "what is missing may still come")
    closed = await gateway.aclose_call(worker.control_url, call_id, reason="done")

    assert path.up.lost == 0
    track = next(t for t in closed.tracks if t.kind == "video")
    read = read_video(spool / call_id / track.file)
    assert read.numbers[-1] > end - 5
    assert read.missing <= 1  # the stock sender keeps too little for the longest detours


@pytest.mark.fault
async def test_what_a_stalled_way_delivers_late_is_recorded_at_its_time(
    worker: WorkerProcess, call_id: str, new_peer: NewPeer, spool: File, path: Path
) -> None:
    customer = new_peer()
    await customer.join(worker.control_url, call_id, "cust", "leg-c", "customer", path=path)
    await until(lambda: customer.camera.number > 30, "the customer sends")

    path.up.held_until = asyncio.get_running_loop().time() + 2.0
    end = customer.camera.number + 60
    await until(lambda: customer.camera.number > end, "the stall and two seconds more")
    closed = await gateway.aclose_call(worker.control_url, call_id, reason="done")

    assert path.up.lost == 0
    [track] = [t for t in closed.tracks if t.kind == "video"]
    read = read_video(spool / call_id / track.file)
    assert read.missing == 0
    assert read.numbers[-1] > end - 5
    places = [at - number / 15 for number, at in zip(read.numbers, read.times_s, strict=True)]
    assert max(places) - min(places) < 0.05
    journal = (spool / call_id / "journal.jsonl").read_text().splitlines()
    assert "track.gap" not in {json.loads(line)["kind"] for line in journal}


@pytest.mark.fault
async def test_after_a_blackout_of_two_seconds_the_same_connection_goes_on(
    worker: WorkerProcess, call_id: str, new_peer: NewPeer, path: Path, django_side: WebStub
) -> None:
    seat, customer = new_peer(), new_peer()
    await seat.join(worker.control_url, call_id, "seat", "leg-s")
    await customer.join(worker.control_url, call_id, "cust", "leg-c", "customer", path=path)
    await seat.seen[0].wait_for(pictures=10)

    path.is_down = True
    began = customer.camera.number
    await until(lambda: customer.camera.number > began + 30, "two seconds")
    path.is_down = False
    back = time.monotonic()
    await until(lambda: seat.seen[0].pictures[-1][0] > back + 0.1, "the picture moves again")

    # A stock receiver finds its way over the gap only with a keyframe: the relay asked for one.
    assert seat.seen[0].pictures[-1][0] - back < 2.0
    assert not django_side.of("leg.lost")
    assert customer.connection.connectionState == "connected"


@pytest.mark.fault
async def test_a_silence_of_three_seconds_is_a_loss_and_the_return_is_told(
    worker: WorkerProcess, call_id: str, new_peer: NewPeer, path: Path, django_side: WebStub
) -> None:
    customer = new_peer()
    await customer.join(worker.control_url, call_id, "cust", "leg-c", "customer", path=path)
    await until(lambda: django_side.of("media.first_frame"), "media comes")

    path.is_down = True
    down = time.monotonic()
    await until(lambda: django_side.of("leg.lost"), "the silence is told", 6)
    silent_s = time.monotonic() - down
    path.is_down = False
    await until(lambda: django_side.of("leg.recovered"), "the return is told")

    assert 2.9 < silent_s < 4.5
    kinds = [e.kind for e in django_side.events if e.kind.startswith("leg.")]
    assert kinds == ["leg.connected", "leg.unstable", "leg.lost", "leg.recovered"]
