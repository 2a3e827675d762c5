"""Play-out over the real worker process: seen, heard, paused, recorded, never skipped."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from media_worker import gateway
from media_worker import protocol as p
from media_worker.gateway import ItemNotFetched, ItemOnItsWay, MediaRefused
from media_worker.items import TRIES_WITHOUT_PROGRESS
from tests.support.rtc import Peer, WebStub, WorkerProcess, make_item, read_video, until

NewPeer = Callable[..., Peer]


@pytest.fixture
def item(tmp_path: Path, django_side: WebStub) -> p.Play:
    key = django_side.put_item(make_item(tmp_path / "item.mkv", seconds=4))
    return p.Play(play_id="play-1", item_key=key, title="风险提示")


async def test_an_item_reaches_everybody_is_paused_and_is_recorded_whole(
    worker: WorkerProcess,
    call_id: str,
    new_peer: NewPeer,
    item: p.Play,
    django_side: WebStub,
    spool: Path,
) -> None:
    seat, customer = new_peer(slots=2), new_peer(slots=2)
    await seat.join(worker.control_url, call_id, "seat", "leg-s")
    await customer.join(worker.control_url, call_id, "cust", "leg-c", "customer")

    begun = await gateway.aplay(worker.control_url, call_id, item)
    for peer in (seat, customer):
        await peer.seen[1].wait_for(pictures=10)
    await gateway.acontrol_play(
        worker.control_url, call_id, p.PlayAct(play_id="play-1", act="pause")
    )
    held = await gateway.acontrol_play(
        worker.control_url, call_id, p.PlayAct(play_id="play-1", act="pause")
    )
    await customer.seen[0].wait_for(pictures=len(customer.seen[0].pictures) + 15)
    still = await gateway.acontrol_play(
        worker.control_url, call_id, p.PlayAct(play_id="play-1", act="resume")
    )
    await until(lambda: bool(django_side.of("playout.ended")), "the item comes to its end")
    closed = await gateway.aclose_call(worker.control_url, call_id, reason="done")

    assert (begun.state, held.state) == ("playing", "paused")
    assert still.position_ms == held.position_ms
    assert django_side.of("playout.ended")[0].payload["outcome"] == "ended"
    numbers = [number for _, number, _ in customer.seen[1].pictures]
    assert numbers == sorted(numbers)
    # A stock peer keeps the last ones in its jitter buffer, and drops more on a busy machine.
    assert numbers[-1] >= 40
    assert max(level for _, level in customer.seen[1].sounds) > 0.1
    files = {t.kind: t for t in closed.tracks if t.participant_id == "media"}
    recorded = read_video(spool / call_id / files["video"].file)
    assert (recorded.numbers[0], recorded.missing, recorded.numbers[-1]) == (0, 0, 59)
    lines = [
        json.loads(line) for line in (spool / call_id / "journal.jsonl").read_text().splitlines()
    ]
    joined = [line for line in lines if line["kind"] == "leg.joined"]
    assert ("media", "media", "风险提示") in {
        (line["participant_id"], line["role"], line["name"]) for line in joined
    }
    assert [line["kind"] for line in lines if line["kind"].startswith("playout.")] == [
        *("playout.started", "playout.paused", "playout.resumed"),
        "playout.ended",
    ]


async def test_an_item_taken_up_again_repeats_but_never_skips(
    worker: WorkerProcess, call_id: str, new_peer: NewPeer, item: p.Play
) -> None:
    customer = new_peer(slots=1)
    await customer.join(worker.control_url, call_id, "cust", "leg-c", "customer")

    await gateway.aplay(worker.control_url, call_id, item.model_copy(update={"start_ms": 2500}))
    await customer.seen[0].wait_for(pictures=3)

    assert 30 <= customer.seen[0].pictures[0][1] <= 37, "from the keyframe before 2.5 s on"


async def test_one_item_at_a_time_and_only_prepared_ones(
    worker: WorkerProcess,
    call_id: str,
    new_peer: NewPeer,
    item: p.Play,
    django_side: WebStub,
    tmp_path: Path,
) -> None:
    customer = new_peer()
    await customer.join(worker.control_url, call_id, "cust", "leg-c", "customer")
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(b"no matroska at all" * 100)
    broken_key = django_side.put_item(broken)

    with pytest.raises(ItemNotFetched):
        await gateway.aplay(
            worker.control_url, call_id, p.Play(play_id="p0", item_key="missing", title="")
        )
    with pytest.raises(MediaRefused) as unusable:
        await gateway.aplay(
            worker.control_url, call_id, p.Play(play_id="p2", item_key=broken_key, title="")
        )
    await gateway.aplay(worker.control_url, call_id, item)
    with pytest.raises(MediaRefused) as second:
        await gateway.aplay(
            worker.control_url, call_id, p.Play(play_id="p3", item_key=item.item_key, title="")
        )
    stopped = await gateway.acontrol_play(
        worker.control_url, call_id, p.PlayAct(play_id="play-1", act="stop")
    )
    again = await gateway.aplay(
        worker.control_url, call_id, p.Play(play_id="p4", item_key=item.item_key, title="")
    )

    assert unusable.value.facts["reason"] == "item_unusable"
    assert second.value.facts["reason"] == "already_playing"
    assert (stopped.state, again.state) == ("stopped", "playing")


async def test_an_item_that_comes_slowly_goes_on_where_it_broke_off(
    worker: WorkerProcess, django_side: WebStub, item: p.Play, spool: Path
) -> None:
    key = item.item_key
    size = django_side.items[key].stat().st_size
    django_side.breaks_off_after = [10_000, 0, 0, 5_000]

    async def arrived(total: int) -> None:
        """What is on its way when a line breaks may be lost with it."""
        percent = -1
        while percent < 100 * total // size:
            with pytest.raises(ItemOnItsWay) as coming:
                await asyncio.to_thread(gateway.fetch_item, worker.control_url, key)
            percent = coming.value.facts["percent"]

    django_side.before_break = arrived

    with pytest.raises(ItemOnItsWay):
        await asyncio.to_thread(gateway.fetch_item, worker.control_url, key)
    await until(lambda: (spool / ".items" / f"{key}.mkv").exists(), "the item is there", 30)
    await asyncio.to_thread(gateway.fetch_item, worker.control_url, key)

    assert django_side.item_parts == ["bytes=0-", *["bytes=10000-"] * 3, "bytes=15000-"]
    assert (spool / ".items" / f"{key}.mkv").read_bytes() == django_side.items[key].read_bytes()


async def test_what_is_not_the_content_of_its_key_is_thrown_away(
    worker: WorkerProcess, django_side: WebStub, item: p.Play, spool: Path
) -> None:
    whole = django_side.items[item.item_key]
    other = "1-" + "0" * p.ITEM_SHA_CHARS
    django_side.items[other] = whole

    with pytest.raises(ItemNotFetched):
        await asyncio.to_thread(gateway.fetch_item, worker.control_url, other)

    assert list((spool / ".items").iterdir()) == []


async def test_an_item_that_never_comes_is_given_up_and_asked_for_again_later(
    worker: WorkerProcess, django_side: WebStub, item: p.Play
) -> None:
    django_side.breaks_off_after = [0] * TRIES_WITHOUT_PROGRESS

    async def asked() -> Exception | None:
        try:
            await asyncio.to_thread(gateway.fetch_item, worker.control_url, item.item_key)
        except (ItemOnItsWay, ItemNotFetched) as refusal:
            return refusal
        return None

    while isinstance(refusal := await asked(), ItemOnItsWay):
        assert refusal.facts["percent"] == 0
    assert isinstance(refusal, ItemNotFetched)
    assert len(django_side.item_parts) == TRIES_WITHOUT_PROGRESS
    assert await asked() is None


async def test_a_mute_survives_the_media_worker(
    worker: WorkerProcess, call_id: str, new_peer: NewPeer
) -> None:
    seat, customer = new_peer(), new_peer()
    await customer.join(worker.control_url, call_id, "cust", "leg-c", "customer")

    await seat.join(worker.control_url, call_id, "seat", "leg-s", muted=True)
    await customer.seen[0].wait_for(pictures=20)
    closed = await gateway.aclose_call(worker.control_url, call_id, reason="done")

    assert not customer.seen[0].sounds
    assert ("seat", "audio") not in {(t.participant_id, t.kind) for t in closed.tracks}
