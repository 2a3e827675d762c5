"""Who comes, is lost, returns and takes over in any order: the journal tells exactly what happened.

The room, its recorder and its journal are the real ones; the connections are light, so that a
hundred lives of a call fit into seconds.
"""

import asyncio
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from media_worker.rtc import room as rooms
from media_worker.rtc.errors import RoomRefused
from media_worker.rtc.journal import Entry, read_entries
from media_worker.rtc.recorder import Recorder
from media_worker.rtc.room import PLACES, Room
from tests.support.light_room import LightLeg, open_room

WHO = st.sampled_from([f"p{number}" for number in range(PLACES + 2)])


class RoomMachine(RuleBasedStateMachine):
    """The model: who is in with which connection, who is silent or muted; the lines it expects."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.loop = asyncio.new_event_loop()
        self.recorder = Recorder()
        self.epoch = 0
        self.legs: dict[str, LightLeg] = {}
        self.made: dict[str, int] = {}
        self.muted: set[str] = set()
        self.known: set[str] = set()
        self.silent: set[str] = set()
        self.expected: list[tuple[Any, ...]] = []
        self.number = 0
        self.room = self.run(self._open())

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    async def _open(self) -> Room:
        self.epoch += 1
        return await open_room(self.folder, self.epoch, self.recorder)

    async def _settled(self) -> None:
        """What the room does on its own is done."""
        while self.room._tasks:
            await asyncio.wait(set(self.room._tasks))

    def _gone(self, who: str, reason: str) -> None:
        self.expected.append(("leg.closed", who, self.legs.pop(who).leg_id, reason))
        self.silent.discard(who)

    @rule(who=WHO)
    def join(self, who: str) -> None:
        """Join, return after a loss, or take the place over from the other device."""
        self.number += 1
        work = self.room.connect(
            participant_id=who,
            leg_id=f"leg{self.number}",
            name=who,
            role="customer",
            offer_sdp="v=0",
            publishes={"audio"},
            muted=who in self.muted,
        )
        if who not in self.legs and len(self.legs) == PLACES:
            with pytest.raises(RoomRefused) as refusal:
                self.run(work)
            assert refusal.value.code == "room_full"
            return
        _, leg = self.run(work)

        async def up() -> None:
            leg.come_up()
            leg.speak()
            await self._settled()

        self.run(up())
        self.known.add(who)
        self.made[who] = self.made.get(who, 0) + 1
        self.expected.append(("leg.joined", who, leg.leg_id, self.made[who]))
        if who in self.legs:
            self._gone(who, "taken_over")
        self.legs[who] = leg

    @rule(who=WHO)
    def leave(self, who: str) -> None:
        if who in self.legs:
            self.run(self.room.close_leg(self.legs[who].leg_id, "left"))
            self._gone(who, "left")

    @rule(who=WHO)
    def lose(self, who: str) -> None:
        if who not in self.legs:
            return

        async def down() -> None:
            self.legs[who].break_down()
            await self._settled()

        self.run(down())
        if who not in self.silent:
            self.expected.append(("leg.lost", who, self.legs[who].leg_id))
        self._gone(who, "ice_failed")

    @rule(who=WHO)
    def fall_silent_or_be_heard_again(self, who: str) -> None:
        if who not in self.legs:
            return
        is_back = who in self.silent
        self.legs[who].silent_s = 0.0 if is_back else 4.0
        self.silent ^= {who}
        self._look()
        kind = "leg.recovered" if is_back else "leg.lost"
        self.expected.append((kind, who, self.legs[who].leg_id))

    def _look(self) -> None:
        async def look() -> None:
            self.room.watch(time.monotonic())

        self.run(look())

    @rule(who=WHO)
    def mute_or_not(self, who: str) -> None:
        if who not in self.known:
            with pytest.raises(RoomRefused):
                self.room.mute(who, True)
            return
        self.muted ^= {who}
        self.room.mute(who, who in self.muted)
        self.expected.append(("mute", who, who in self.muted))

    @rule()
    def the_worker_stops_and_another_goes_on(self) -> None:
        self.run(self.room.suspend())
        for who in list(self.legs):
            self._gone(who, "worker_stopping")
        self.room = self.run(self._open())
        self.known.clear()

    @invariant()
    def the_room_holds_who_is_in_it(self) -> None:
        people = {p.participant_id: p for p in self.room.participants.values() if p.leg}
        assert {who: p.leg for who, p in people.items()} == self.legs
        assert {who for who, p in people.items() if p.muted} == self.muted & set(people)
        assert all(p.leg and p.leg.inbound["audio"].muted == p.muted for p in people.values())

    def teardown(self) -> None:
        try:
            closed = self.run(self.room.close("done"))
            for who in list(self.legs):
                self._gone(who, "call_closed")
            self._compare(read_entries(self.folder / "journal.jsonl")[0], closed["tracks"])
        finally:
            self.recorder.stop()
            self.loop.close()
            shutil.rmtree(self.folder)

    def _compare(self, entries: list[Entry], tracks: list[dict[str, Any]]) -> None:
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        assert [entry.at_ms for entry in entries] == sorted(entry.at_ms for entry in entries)
        told = [line for entry in entries if (line := _line(entry)) is not None]
        assert _in_order(told) == _in_order(self.expected)
        started = [e.body["file"] for e in entries if e.kind == "track.started"]
        assert len(set(started)) == len(started), "a part file was named twice"
        assert sorted(started) == sorted(track["file"] for track in tracks)
        assert sorted(started) == sorted(
            str(path.relative_to(self.folder)) for path in self.folder.glob("tracks/*.mkv")
        )


def _line(entry: Entry) -> tuple[Any, ...] | None:
    body = entry.body
    match entry.kind:
        case "leg.joined":
            return (entry.kind, body["participant_id"], body["leg_id"], body["leg_no"])
        case "leg.closed":
            return (entry.kind, body["participant_id"], body["leg_id"], body["reason"])
        case "leg.lost" | "leg.recovered":
            return (entry.kind, body["participant_id"], body["leg_id"])
        case "mute":
            return (entry.kind, body["participant_id"], body["muted"])
    return None


def _in_order(lines: list[tuple[Any, ...]]) -> dict[str, list[tuple[Any, ...]]]:
    """By person: what happens to several at once (a worker's stop) has no order among them."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for line in lines:
        found.setdefault(line[1], []).append(line)
    return found


def test_whatever_happens_in_a_room_the_journal_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "Leg", LightLeg)

    run_machine(
        RoomMachine,
        settings=settings(
            max_examples=30,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
