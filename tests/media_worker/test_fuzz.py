"""Whatever a client sends, the worker goes on, and so does the call (F:M4, S:M2)."""

import asyncio
import contextlib
import random
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pylibsrtp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_worker import gateway
from media_worker.rtc.inbound import JUMP_MAX, Inbound
from tests.support.rtc import Peer, WorkerProcess, read_video, until

NewPeer = Callable[..., Peer]
JUNK, RTP, RTCP = 5000, 4000, 1500


class Heard:
    """A tap that keeps what came."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []
        self.cuts = 0
        self.pauses = 0

    def on_packet(
        self,
        ext: int,
        timestamp: int,
        marker: bool,
        packet: bytes,
        offset: int,
        keyframe: bool,
        now: float,
    ) -> None:
        self.payloads.append(packet[offset:])

    def on_cut(self) -> None:
        self.cuts += 1

    def on_pause(self) -> None:
        self.pauses += 1


def listening() -> tuple[Inbound, Heard]:
    stream = Inbound("audio", send_rtcp=lambda _: None, arm=lambda *_: None, rtcp_ssrc=1)
    stream.negotiated(111, None, 7, None)
    heard = Heard()
    stream.taps.append(heard)
    return stream, heard


def say(stream: Inbound, seq: int, payload: bytes = b"x") -> None:
    head = bytes([0x80, 111]) + seq.to_bytes(2, "big") + bytes(8)
    stream.on_rtp(head + payload, 111, seq, 960 * seq, 7, 0.02 * seq)


def test_one_packet_from_nowhere_does_not_silence_what_follows() -> None:
    stream, heard = listening()
    for seq in (1, 2, 20_000, 3, 4, 45_000, 5):
        say(stream, seq, str(seq).encode())

    assert heard.payloads == [b"1", b"2", b"3", b"4", b"5"]


@pytest.mark.parametrize("first", [20_000, 64_000, 45_000])
def test_a_sender_that_begins_anew_is_heard_from_its_second_packet_on(first: int) -> None:
    stream, heard = listening()
    for seq in (1, 2, first, first + 1, first + 2):
        say(stream, seq, str(seq).encode())

    assert heard.payloads == [b"1", b"2", str(first + 1).encode(), str(first + 2).encode()]
    assert heard.cuts == 1
    reception = stream.reception(1.0)
    assert reception is not None
    assert reception.packets_lost == 0


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=40)), max_size=40))
def test_any_packets_in_any_order_leave_a_stream_that_hears_the_next_ones(
    before: list[tuple[int, bytes]],
) -> None:
    stream, heard = listening()
    for number, (seq, body) in enumerate(before):
        packet = bytes([0x80 | number % 64, 111]) + body
        try:
            stream.on_rtp(packet, 111, seq, seq * 960 & 0xFFFFFFFF, 7, 0.02 * number)
        except (IndexError, ValueError):
            continue  # malformed: counted by the transport
    # What lies up to JUMP_MAX behind the last one counts as late, so the good ones pass that first.
    for seq in range(30_000, 30_000 + JUMP_MAX + 10):
        say(stream, seq, b"good")

    assert heard.payloads.count(b"good") >= 9
    assert heard.payloads[-1] == b"good"


async def test_ten_thousand_bad_packets_end_neither_worker_nor_call(
    worker: WorkerProcess, call_id: str, new_peer: NewPeer, spool: Path
) -> None:
    seat, bad = new_peer(watch=False), new_peer(watch=False)
    answer = await seat.join(worker.control_url, call_id, "seat", "leg-s")
    await bad.join(worker.control_url, call_id, "cust", "leg-c", "customer")
    ports = [
        (line.split()[4], int(line.split()[5]))
        for line in answer.answer_sdp.splitlines()
        if line.startswith("a=candidate") and ":" not in line.split()[4]
    ]
    chance = random.Random(17)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        for number in range(JUNK):
            first = bytes([chance.choice([0, 1, 22, 63, 128, 144, 191, 255])])
            nobody.sendto(first + chance.randbytes(chance.randrange(300)), chance.choice(ports))
            if number % 50 == 0:
                await asyncio.sleep(0)
    sender: Any = bad.connection.getSenders()[1]
    sender.replaceTrack(None)  # from here on its picture is what follows
    last = max(sender._RTCRtpSender__rtp_history.values(), key=lambda packet: packet.timestamp)
    sent = 0
    for number in range(RTP + RTCP):
        last.sequence_number = (last.sequence_number + chance.choice([1, 1, 1, 2])) & 0xFFFF
        packet = mutated(chance, last.serialize()) if number < RTP else reported(chance)
        with contextlib.suppress(pylibsrtp.Error):  # what the stock client itself refuses
            await sender.transport._send_rtp(packet)
            sent += 1
        if number % 50 == 0:
            await asyncio.sleep(0)
    assert sent > 0.7 * (RTP + RTCP)

    after = seat.camera.number
    await until(lambda: seat.camera.number > after + 60, "the call goes on", 30)
    assert worker.process.poll() is None
    end = seat.camera.number
    closed = await gateway.aclose_call(worker.control_url, call_id, reason="done")
    parts = [t for t in closed.tracks if t.kind == "video" and t.participant_id == "seat"]
    numbers = {n for part in parts for n in read_video(spool / call_id / part.file).numbers}
    # A flood may fill the sockets of a loaded machine; what counts is that the picture is back.
    assert len([n for n in range(end - 20, end - 4) if n in numbers]) >= 15


def mutated(chance: random.Random, template: bytes) -> bytes:
    """A packet of the client's own picture with some bytes changed, cut or grown."""
    packet = bytearray(template)
    for _ in range(chance.randrange(1, 5)):
        # Not the number: the client's own replay list would refuse most of them.
        where = chance.choice([0, 1, *range(4, min(len(packet), 60))])
        if where not in range(8, 12) or chance.random() < 0.2:
            packet[where] = chance.randrange(256)
    packet[0] = packet[0] & 0x3F | 0x80
    if chance.random() < 0.3:
        del packet[chance.randrange(12, len(packet)) :]
    return bytes(packet) + chance.randbytes(chance.choice([0, 0, 0, 4]))


def reported(chance: random.Random) -> bytes:
    """RTCP whose lengths, counts and contents are as they fall."""
    words = chance.randrange(0, 30)
    kind = chance.choice([200, 201, 202, 203, 205, 206])
    told = chance.choice([words, words, chance.randrange(200)])
    head = bytes([0x80 | chance.randrange(32), kind]) + told.to_bytes(2, "big")
    return head + chance.randbytes(4 * words + chance.choice([0, 0, 1]) + 4)
