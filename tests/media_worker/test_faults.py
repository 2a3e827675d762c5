"""The worker dies, Django is away, clients are hostile: nothing is lost that was there."""

import asyncio
import hashlib
import json
import random
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiortc.rtp import RtpPacket
from django.conf import settings

from media_worker import gateway
from media_worker import protocol as p
from tests.media_worker.conftest import opening
from tests.support.rtc import (
    Peer,
    WebStub,
    WorkerProcess,
    read_video,
    until,
    worker_process,
)

NewPeer = Callable[..., Peer]
MINIMAL = (
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\n"
)


def entries(spool: Path) -> list[dict[str, Any]]:
    lines = (spool / "call-1" / "journal.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.fault
async def test_a_killed_worker_loses_less_than_a_second_and_the_call_goes_on(
    spool: Path, django_side: WebStub, new_peer: NewPeer
) -> None:
    token = settings.MEDIA_CONTROL_TOKEN
    with worker_process(spool, django_side.url, token) as first:
        await gateway.aopen_call(first.control_url, "call-1", opening(epoch=1))
        seat = new_peer()
        await seat.join(first.control_url, "call-1", "seat", "leg-1")
        await until(lambda: seat.camera.number > 40, "the seat sends")
        note = p.JournalNote(id="n1", kind="tag", payload={"text": "before"})
        written = await gateway.aappend_journal(first.control_url, "call-1", note)
        killed_at = seat.camera.number
        first.kill()
    with pytest.raises(gateway.MediaUnavailable):
        await gateway.aproof(first.control_url, "call-1")
    with (spool / "call-1" / "journal.jsonl").open("a") as torn:
        torn.write('{"seq": 99, "at_ms": 5, "ki')

    with worker_process(spool, django_side.url, token) as second:
        with pytest.raises(gateway.CallNotOpen):
            await gateway.aproof(second.control_url, "call-1")
        opened = await gateway.aopen_call(second.control_url, "call-1", opening(epoch=2))
        again = new_peer()
        await again.join(second.control_url, "call-1", "seat", "leg-2")
        await until(lambda: again.camera.number > 20, "the seat sends again")
        same = await gateway.aappend_journal(second.control_url, "call-1", note)
        closed = await gateway.aclose_call(second.control_url, "call-1", reason="done")

    assert opened.resumed
    assert same == written
    lines = entries(spool)
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert [line["at_ms"] for line in lines] == sorted(line["at_ms"] for line in lines)
    assert sum(line["kind"] == "call.opened" for line in lines) == 1
    files = [t.file for t in closed.tracks if t.kind == "video"]
    assert files == ["tracks/seat.1.video.e1.000.mkv", "tracks/seat.2.video.e2.000.mkv"]
    before = read_video(spool / "call-1" / files[0])
    assert before.missing == 0
    assert (killed_at - before.numbers[-1]) / 15 < 1.0
    assert [t.sha256 for t in closed.tracks if t.file == files[0]] != [""]


async def test_sigterm_closes_files_cleanly_and_leaves_the_call_open(
    worker: WorkerProcess, call_id: str, new_peer: NewPeer, spool: Path, django_side: WebStub
) -> None:
    seat = new_peer()
    await seat.join(worker.control_url, call_id, "seat", "leg-s")
    await until(lambda: seat.camera.number > 20, "the seat sends")

    code = await asyncio.to_thread(worker.terminate)

    assert code == 0
    kinds = [line["kind"] for line in entries(spool)]
    assert kinds.count("track.ended") == 2
    assert kinds[-1] == "worker.stopped"
    assert django_side.of("leg.closed", "leg-s")[0].payload["reason"] == "worker_stopping"
    assert len(django_side.of("track.part_closed")) == 2
    assert django_side.heartbeats[-1].stopping  # its calls need not wait until it is missed


async def test_a_call_that_another_worker_holds_is_not_opened_twice(
    worker: WorkerProcess, call_id: str, spool: Path, django_side: WebStub
) -> None:
    with (
        worker_process(spool, django_side.url, settings.MEDIA_CONTROL_TOKEN) as other,
        pytest.raises(gateway.MediaRefused) as refusal,
    ):
        await gateway.aopen_call(other.control_url, call_id, opening(epoch=1))

    assert refusal.value.facts == {"reason": "call_held_by_another_worker"}


@pytest.mark.fault
async def test_a_call_nobody_opens_again_has_its_books_closed_when_a_worker_starts(
    spool: Path, django_side: WebStub, new_peer: NewPeer
) -> None:
    token = settings.MEDIA_CONTROL_TOKEN
    with worker_process(spool, django_side.url, token) as first:
        await gateway.aopen_call(first.control_url, "call-1", opening())
        seat = new_peer()
        await seat.join(first.control_url, "call-1", "seat", "leg-1")
        await until(lambda: seat.camera.number > 30, "the seat sends")
        first.kill()

    with worker_process(spool, django_side.url, token):
        await until(lambda: entries(spool)[-1]["kind"] == "track.ended", "the books are closed")

    ended = [line for line in entries(spool) if line["kind"] == "track.ended"]
    assert {line["track"] for line in ended} == {"audio", "video"}
    assert all(line["recovered"] for line in ended)
    for line in ended:
        content = (spool / "call-1" / line["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == line["sha256"]


@pytest.mark.fault
async def test_a_worker_that_stood_still_finds_its_call_taken_and_changes_nothing(
    worker: WorkerProcess, call_id: str, new_peer: NewPeer, spool: Path, django_side: WebStub
) -> None:
    seat = new_peer()
    await seat.join(worker.control_url, call_id, "seat", "leg-1")
    await until(lambda: seat.camera.number > 30, "the seat sends")
    worker.process.send_signal(signal.SIGSTOP)

    with worker_process(spool, django_side.url, settings.MEDIA_CONTROL_TOKEN) as other:
        opened = await gateway.aopen_call(other.control_url, call_id, opening(epoch=2))
        before = {path: path.read_bytes() for path in (spool / call_id / "tracks").iterdir()}
        again = new_peer()
        await again.join(other.control_url, call_id, "seat", "leg-2")
        worker.process.send_signal(signal.SIGCONT)
        await until(lambda: django_side.of("leg.closed", "leg-1"), "the first lets go")
        await until(lambda: again.camera.number > 20, "the seat sends again")
        closed = await gateway.aclose_call(other.control_url, call_id, reason="done")

    with pytest.raises(gateway.CallNotOpen):
        await gateway.aproof(worker.control_url, call_id)
    lines = entries(spool)
    assert opened.resumed
    assert django_side.of("leg.closed", "leg-1")[0].epoch == 1
    assert [line["epoch"] for line in lines] == sorted(line["epoch"] for line in lines)
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert len(before) == 2
    for path, content in before.items():
        assert path.read_bytes() == content
    hashes = {spool / call_id / track.file: track.sha256 for track in closed.tracks}
    assert len(hashes) == 4
    assert hashes == {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in hashes}


async def test_reopening_on_the_same_worker_only_raises_the_epoch(
    worker: WorkerProcess, call_id: str, new_peer: NewPeer, django_side: WebStub
) -> None:
    await gateway.aopen_call(worker.control_url, call_id, opening(epoch=3))
    with pytest.raises(gateway.MediaRefused):
        await gateway.aopen_call(worker.control_url, call_id, opening(epoch=2))

    await new_peer().join(worker.control_url, call_id, "seat", "leg-s")
    await until(lambda: django_side.of("leg.connected"), "Django is told")

    assert django_side.of("leg.connected")[0].epoch == 3


async def test_events_wait_while_django_is_away_and_keep_their_order(
    worker: WorkerProcess, call_id: str, new_peer: NewPeer, django_side: WebStub
) -> None:
    django_side.accepting = False
    seat = new_peer()
    await seat.join(worker.control_url, call_id, "seat", "leg-s")
    await gateway.aclose_leg(worker.control_url, call_id, "leg-s", reason="left")
    assert django_side.events == []

    django_side.accepting = True
    await until(lambda: django_side.of("leg.closed"), "events come")

    kinds = [e.kind for e in django_side.events if e.kind.startswith("leg.")]
    assert kinds == ["leg.connected", "leg.closed"]
    assert len({e.id for e in django_side.events}) == len(django_side.events)
    beat = django_side.heartbeats[-1]
    assert (beat.worker_id, beat.control_url) == ("w1", worker.control_url)


async def test_a_client_without_camera_and_microphone_is_quiet_and_not_lost_and_comes_back(
    worker: WorkerProcess, call_id: str, new_peer: NewPeer, django_side: WebStub
) -> None:
    seat = new_peer()
    await seat.join(worker.control_url, call_id, "seat", "leg-s")
    await until(lambda: django_side.of("media.first_frame"), "media comes")

    senders = seat.connection.getSenders()[:2]
    for sender in senders:
        sender.replaceTrack(None)
    await until(lambda: django_side.of("leg.quiet"), "the silence is told", 8)
    for sender, track in zip(senders, (seat.microphone, seat.camera), strict=True):
        sender.replaceTrack(track)
    await until(lambda: django_side.of("leg.recovered"), "the return is told")

    kinds = [e.kind for e in django_side.events if e.kind.startswith("leg.")]
    assert kinds == ["leg.connected", "leg.unstable", "leg.quiet", "leg.recovered"]


@pytest.mark.parametrize(
    "sdp",
    [
        pytest.param("", id="empty"),
        pytest.param("v=0\r\n" + "a=x\r\n" * 5000, id="endless"),
        pytest.param(MINIMAL, id="no-ice"),
        pytest.param("v=0\r\nm=application 9 UDP/DTLS/SCTP x\r\n", id="data-channel"),
        pytest.param("v=0\x00\r\n", id="control-characters"),
    ],
)
async def test_hostile_sdp_is_refused_and_leaves_nothing_behind(
    worker: WorkerProcess, call_id: str, sdp: str
) -> None:
    body = p.ConnectLeg(participant_id="x", leg_id="x", role="customer", offer_sdp=sdp)

    with pytest.raises(gateway.MediaRefused) as refusal:
        await gateway.aconnect_leg(worker.control_url, call_id, body)

    assert refusal.value.facts == {"reason": "sdp_refused"}
    assert (await gateway.ahealth(worker.control_url)).legs == 0


async def test_mutilated_offers_never_break_the_worker(
    worker: WorkerProcess, call_id: str, new_peer: NewPeer
) -> None:
    peer = new_peer()
    offer = (await peer.offer()).split("\r\n")
    chance = random.Random(4)

    for number in range(60):
        lines = offer[:]
        where = chance.randrange(len(lines))
        match number % 3:
            case 0:
                lines.pop(where)
            case 1:
                lines[where] = lines[where][: chance.randrange(len(lines[where]) + 1)]
            case _:
                lines[where] = "".join(chance.choice("a=:0 9é%") for _ in lines[where])
        body = p.ConnectLeg(
            participant_id=f"p{number % 5}",
            leg_id=f"leg{number}",
            role="customer",
            offer_sdp="\r\n".join(lines),
        )
        try:
            await gateway.aconnect_leg(worker.control_url, call_id, body)
            await gateway.aclose_leg(worker.control_url, call_id, f"leg{number}", reason="x")
        except gateway.MediaRefused as refused:
            assert refused.facts["reason"] in ("sdp_refused", "room_full")  # noqa: PT017

    assert (await gateway.ahealth(worker.control_url)).legs == 0


async def test_garbage_on_the_sockets_does_not_disturb_a_call(
    worker: WorkerProcess, call_id: str, new_peer: NewPeer, spool: Path
) -> None:
    seat, customer = new_peer(), new_peer()
    answer = await seat.join(worker.control_url, call_id, "seat", "leg-s")
    await customer.join(worker.control_url, call_id, "cust", "leg-c", "customer")
    ports = {
        (line.split()[4], int(line.split()[5]))
        for line in answer.answer_sdp.splitlines()
        if line.startswith("a=candidate") and ":" not in line.split()[4]
    }
    chance = random.Random(5)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _ in range(400):
            first = bytes([chance.choice([0, 1, 22, 128, 144, 191, 255])])
            data = first + chance.randbytes(chance.randrange(0, 1400))
            for address in ports:
                sock.sendto(data, address)
    sender = seat.connection.getSenders()[1]
    payloads = (b"", b"\xff", b"\x90\x80", b"\x10", chance.randbytes(900))
    for ahead, payload in enumerate(payloads, 3):
        await _send_as(sender, payload, ahead)
    start = seat.camera.number
    await until(lambda: seat.camera.number > start + 30, "the call goes on")
    end = seat.camera.number
    closed = await gateway.aclose_call(worker.control_url, call_id, reason="done")

    # Not what the customer sees: a stock receiver waits 512 packets for a hole nobody can fill.
    parts = [t for t in closed.tracks if t.kind == "video" and t.participant_id == "seat"]
    numbers = [n for t in parts for n in read_video(spool / call_id / t.file).numbers]
    assert sum(start + 15 < number <= end for number in numbers) >= end - start - 18
    assert worker.process.poll() is None


async def _send_as(sender: object, payload: bytes, ahead: int) -> None:
    """An authentic packet of the video stream with a payload of the sender's choice."""
    history = sender._RTCRtpSender__rtp_history  # type: ignore[attr-defined]
    last = max(history.values(), key=lambda packet: packet.timestamp)
    packet = RtpPacket(
        payload_type=last.payload_type,
        sequence_number=(last.sequence_number + ahead) & 0xFFFF,
        timestamp=last.timestamp,
        ssrc=last.ssrc,
        payload=payload,
    )
    await sender.transport._send_rtp(packet.serialize())  # type: ignore[attr-defined]


async def test_only_the_token_opens_the_control_api(
    worker: WorkerProcess, settings: object
) -> None:
    settings.MEDIA_CONTROL_TOKEN = "wrong"  # type: ignore[attr-defined]

    with pytest.raises(gateway.MediaUnavailable):
        await gateway.ahealth(worker.control_url)


async def test_ids_that_are_paths_are_refused(worker: WorkerProcess, spool: Path) -> None:
    with pytest.raises(gateway.MediaRefused):
        await gateway.aopen_call(worker.control_url, "..%2Fescape", opening())

    assert not (spool.parent / "escape").exists()
