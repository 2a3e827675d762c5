"""A worker that does not keep up takes no new call (F:M8); nine send and each is recorded."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import av
import pytest
from django.conf import settings

from media_worker import gateway
from tests.media_worker.conftest import opening
from tests.support.rtc import Peer, WebStub, WorkerProcess, read_video, until, worker_process

NewPeer = Callable[..., Peer]
PARTIES = 9


@pytest.fixture
def strict(spool: Path, django_side: WebStub) -> Iterator[WorkerProcess]:
    options = ("--lag-limit-ms", "100")
    with worker_process(
        spool, django_side.url, settings.MEDIA_CONTROL_TOKEN, options=options
    ) as process:
        yield process


@asynccontextmanager
async def starved(worker: WorkerProcess) -> AsyncIterator[None]:
    """The machine gives the worker a little time every third of a second."""

    async def hold() -> None:
        while True:
            worker.process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(0.3)
            worker.process.send_signal(signal.SIGCONT)
            await asyncio.sleep(0.03)

    holding = asyncio.create_task(hold())
    try:
        yield
    finally:
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)
        worker.process.send_signal(signal.SIGCONT)


@pytest.mark.fault
async def test_a_worker_whose_loop_is_late_refuses_new_calls_until_it_keeps_up_again(
    strict: WorkerProcess, django_side: WebStub
) -> None:
    await gateway.aopen_call(strict.control_url, "runs", opening())
    await until(lambda: django_side.heartbeats and not django_side.heartbeats[-1].lagging, "calm")

    async with starved(strict):
        await until(lambda: django_side.heartbeats[-1].lagging, "it says so", 60)
        with pytest.raises(gateway.MediaBusy):
            await gateway.aopen_call(strict.control_url, "new", opening())
        # The one that goes on is never refused.
        await gateway.aopen_call(strict.control_url, "runs", opening(epoch=2))
    await until(lambda: not django_side.heartbeats[-1].lagging, "it keeps up again", 60)

    assert (await gateway.aopen_call(strict.control_url, "new", opening())).opened


@pytest.mark.fault
async def test_nine_send_the_seat_sees_the_other_eight_and_all_are_recorded(
    worker: WorkerProcess, call_id: str, new_peer: NewPeer, spool: Path
) -> None:
    # Nine stock peers that decode eight pictures each are more than two cores can do.
    peers = [new_peer(slots=1 if number else 8, watch=False) for number in range(PARTIES)]
    for number, peer in enumerate(peers):
        role = "customer" if number else "seat"
        await peer.join(worker.control_url, call_id, f"p{number}", f"leg-{number}", role)
    tenth = new_peer()
    with pytest.raises(gateway.MediaRefused) as refusal:
        await tenth.join(worker.control_url, call_id, "p9", "leg-9", "customer")
    assert refusal.value.facts == {"reason": "room_full"}
    start = max(peer.camera.number for peer in peers)
    await until(lambda: min(p.camera.number for p in peers) > start + 45, "three seconds", 60)
    for peer in peers:
        assert all(seen.sizes and seen.sounds for seen in peer.seen)
    closed = await gateway.aclose_call(worker.control_url, call_id, reason="done")

    numbers: dict[str, list[int]] = {f"p{n}": [] for n in range(PARTIES)}
    sounds = dict.fromkeys(numbers, 0)
    for track in closed.tracks:  # a loaded machine may begin a further part
        path = spool / call_id / track.file
        if track.kind == "video":
            numbers[track.participant_id] += read_video(path).numbers
        else:
            with av.open(str(path)) as container:
                sounds[track.participant_id] += sum(1 for each in container.demux() if each.size)
    for who, seen in numbers.items():
        assert len(set(seen)) > 40, who
        assert len(set(seen)) >= 0.9 * (max(seen) - min(seen) + 1), who
        assert sounds[who] > 100, who
