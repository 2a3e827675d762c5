"""Packets that get lost on the way are asked for again, by the worker and from the worker."""

import itertools
from collections.abc import Callable
from pathlib import Path

import av

from media_worker import gateway
from tests.support.rtc import Peer, WorkerProcess, read_video, until

NewPeer = Callable[..., Peer]


async def test_a_tenth_of_the_packets_lost_upwards_costs_neither_picture_nor_sound_of_the_recording(
    worker: WorkerProcess, call_id: str, new_peer: NewPeer, spool: Path
) -> None:
    seat = new_peer()
    await seat.join(worker.control_url, call_id, "seat", "leg-s")
    await until(lambda: seat.camera.number > 10, "the seat sends")

    seat.lose(up=0.10)
    await until(lambda: seat.camera.number > 90, "five seconds of loss")
    closed = await gateway.aclose_call(worker.control_url, call_id, reason="done")

    track = next(t for t in closed.tracks if t.kind == "video")
    read = read_video(spool / call_id / track.file)
    assert len(read.numbers) > 80
    # The very last frames cannot be repaired: the connection ends.
    assert read.missing <= 1
    track = next(t for t in closed.tracks if t.kind == "audio")
    with av.open(str(spool / call_id / track.file)) as container:
        heard = [packet.pts for packet in container.demux() if packet.pts is not None]
    steps = [after - before for before, after in itertools.pairwise(heard[:-10])]
    assert len(steps) > 200
    assert max(steps) <= 21, "packets of 20 ms, rounded to whole milliseconds"


async def test_what_a_subscriber_lost_is_sent_again(
    worker: WorkerProcess, call_id: str, new_peer: NewPeer
) -> None:
    seat, customer = new_peer(), new_peer()
    await seat.join(worker.control_url, call_id, "seat", "leg-s")
    await customer.join(worker.control_url, call_id, "cust", "leg-c", "customer")
    await customer.seen[0].wait_for(pictures=10)

    customer.lose(down=0.05)
    before = len(customer.seen[0].pictures)
    await until(lambda: seat.camera.number > 100, "some seconds of loss", 12)

    # The stock receiver asks only once for each packet, so a few pictures may be late for good.
    numbers = [number for _, number, _ in customer.seen[0].pictures[before:]]
    assert len(numbers) >= 0.8 * (numbers[-1] - numbers[0] + 1)
    assert customer.connection.connectionState == "connected"


async def test_a_burst_lost_upwards_freezes_the_picture_for_less_than_a_second(
    worker: WorkerProcess, call_id: str, new_peer: NewPeer
) -> None:
    seat, customer = new_peer(), new_peer()
    await seat.join(worker.control_url, call_id, "seat", "leg-s")
    await customer.join(worker.control_url, call_id, "cust", "leg-c", "customer")
    await customer.seen[0].wait_for(pictures=10)

    seat.lose(up=1.0)
    lost_from = seat.camera.number
    await until(lambda: seat.camera.number > lost_from + 6, "0.4 s are lost")
    transport = seat.connection.getTransceivers()[0].receiver.transport
    del transport.__dict__["_send_rtp"]
    back_at = seat.camera.number
    await until(lambda: customer.seen[0].pictures[-1][1] > back_at, "the picture moves again")

    number = next(n for _, n, _ in customer.seen[0].pictures if n > back_at)
    assert (number - back_at) / 15 < 1.2
