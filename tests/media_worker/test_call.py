"""Calls over the real worker process: relay, recording, mute, stills, taking over, late joiners."""

import json
from collections.abc import Callable
from pathlib import Path

from media_worker import gateway
from tests.support.rtc import (
    Peer,
    WebStub,
    WorkerProcess,
    read_video,
    until,
)

NewPeer = Callable[..., Peer]


def entries(spool: Path, call_id: str) -> list[dict[str, object]]:
    lines = (spool / call_id / "journal.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


async def test_two_peers_see_and_hear_each_other_and_everything_is_recorded(
    worker: WorkerProcess, call_id: str, new_peer: NewPeer, spool: Path, django_side: WebStub
) -> None:
    seat, customer = new_peer(), new_peer()

    answer = await seat.join(worker.control_url, call_id, "seat", "leg-s")
    await customer.join(worker.control_url, call_id, "cust", "leg-c", "customer")
    for peer in (seat, customer):
        seen = peer.seen[0]
        await until(lambda seen=seen: len(seen.pictures) > 30, "pictures come")
        await until(lambda seen=seen: any(level > 0.1 for _, level in seen.sounds), "beeps come")
    proof = await gateway.aproof(worker.control_url, call_id)
    closed = await gateway.aclose_call(worker.control_url, call_id, reason="done")

    assert [(s.slot, s.mid_audio, s.mid_video) for s in answer.slots] == [(0, "2", "3")]
    assert proof.recording
    assert {(t.participant_id, t.kind) for t in proof.tracks} == {
        *(("seat", "audio"), ("seat", "video"), ("cust", "audio"), ("cust", "video"))
    }
    assert all(t.bytes > 0 and not t.stalled for t in proof.tracks)
    numbers = [number for _, number, _ in customer.seen[0].pictures]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(closed.tracks) == 4
    for track in closed.tracks:
        path = spool / call_id / track.file
        assert path.stat().st_size == track.bytes
        if track.kind == "video":
            assert read_video(path).missing == 0
    lines = entries(spool, call_id)
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert lines[0]["kind"] == "call.opened"
    assert lines[-1]["kind"] == "call.closed"
    await until(lambda: len(django_side.of("track.part_closed")) == 4, "parts are told")
    assert django_side.of("leg.connected", "leg-s")
    assert django_side.of("recording.started")
    assert django_side.of("slots.changed", "leg-s")[-1].payload == {
        "slots": [{"slot": 0, "participant_id": "cust"}]
    }
