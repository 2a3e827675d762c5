"""A call: up to nine participants, who sees whom, what is recorded, and the journal of it."""

import asyncio
import errno
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiortc import RTCIceServer

from common.faultpoint import faultpoint
from media_worker.rtc.errors import RoomRefused
from media_worker.rtc.journal import Journal
from media_worker.rtc.leg import Leg
from media_worker.rtc.orphan import detach, measure_ended, track_file
from media_worker.rtc.participant import Participant
from media_worker.rtc.playout import CONTENT, MEDIA_ID, PlayedLeg, open_item, view
from media_worker.rtc.quality import UplinkPolicy
from media_worker.rtc.recorder import Recorder, Track, TrackName
from media_worker.rtc.snapshot import Still, keep_still, take_still
from media_worker.rtc.watch import Watch

logger = logging.getLogger(__name__)

PLACES = 9
SUPERVISOR = "supervisor"
TRACK_END_TIMEOUT_S = 10.0
BROKEN_TRACK_S = 1.0  # until it starts anew: what breaks it may come again

# epoch, kind, at_ms, participant_id, leg_id, payload
Emit = Callable[[int, str, int, str | None, str | None, dict[str, Any]], None]


@dataclass(frozen=True)
class RoomOptions:
    max_video_kbps: int = 800
    min_video_kbps: int = 100
    keyframe_interval_s: float = 8.0
    part_seconds: float = 120.0
    preference: str = "balanced"
    max_down_kbps: int = 0  # of all pictures together; 0: as much as comes


class Room:
    """All methods run in the loop's thread. Made by `Room.open`."""

    def __init__(
        self,
        call_id: str,
        folder: Path,
        journal: Journal,
        options: RoomOptions,
        *,
        recorder: Recorder,
        emit: Emit,
        ice_servers: list[RTCIceServer],
        disk_free_percent: Callable[[], float],
        on_disk_full: Callable[[], None],
    ) -> None:
        self.call_id = call_id
        self.folder = folder
        self.journal = journal
        self.options = options
        self.recording = False
        self.video_shed_ms: int | None = None  # since when the full disk takes no video
        self.recording_since_ms: int | None = None
        self.participants: dict[str, Participant] = {}
        self.legs: dict[str, Leg] = {}
        self.files: dict[str, dict[str, Any]] = {}
        self.closing = False
        self._beside = set(CONTENT)  # what, and who, takes none of the places
        self._joined = 0
        self._wanted_recording = False
        self._recorder = recorder
        self._emit = emit
        self._ice_servers = ice_servers
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._watch = Watch(self, disk_free_percent)
        self._on_disk_full = on_disk_full
        self._ending: list[Track] = []
        self._leg_numbers: dict[str, int] = {}
        self._read_journal()

    # -- opening

    @classmethod
    async def open(
        cls,
        call_id: str,
        folder: Path,
        *,
        epoch: int,
        t0_unix_ms: int,
        record: bool,
        options: RoomOptions,
        **parts: Any,
    ) -> "Room":
        """Open or, after a crash, reopen a call's folder. Raises RoomRefused."""
        try:
            journal = await asyncio.to_thread(Journal, folder / "journal.jsonl", epoch, t0_unix_ms)
        except BlockingIOError as held:
            raise RoomRefused("call_held_by_another_worker") from held
        except OSError as full:
            raise RoomRefused("spool_unwritable", status=507) from full
        if journal.is_closed_call:
            journal.close()
            raise RoomRefused("call_is_closed")
        room = cls(call_id, folder, journal, options, **parts)
        if journal.resumed:
            room.note("worker.started")
            await room._recover()
        else:
            room.note("call.opened", t0_unix_ms=journal.clock.t0_unix_ms)
        room._wanted_recording = record
        return room

    def _read_journal(self) -> None:
        for entry in self.journal.entries:
            if entry.kind == "leg.joined":
                person = entry.body["participant_id"]
                number = entry.body["leg_no"]
                self._leg_numbers[person] = max(number, self._leg_numbers.get(person, 0))
            elif entry.kind in ("track.started", "track.ended"):
                self.files[entry.body["file"]] = entry.body

    async def _recover(self) -> None:
        """Close the books on files that were being written when the last worker died.

        Those that were closed are told once more: the news may have died with it.
        """
        for file, body in list(self.files.items()):
            if body["kind"] == "track.ended":
                self.emit("track.part_closed", **track_file(body))
                continue
            if self.journal.taken_over:
                # What the one before may still write must not change what is measured now.
                await asyncio.to_thread(detach, self.folder / file)
            await self._measure(file)

    async def _measure(self, file: str) -> None:
        """Close the books on a file that its writer did not close."""
        path = self.folder / file
        ended = await asyncio.to_thread(measure_ended, path, self.files[file])
        if ended is not None:
            self._on_track("track.ended", ended)

    # -- telling

    def note(self, kind: str, **body: Any) -> None:
        """A journal line nobody waits for."""
        self.journal.append(kind, **body)

    def emit(
        self, event: str, /, leg: Leg | None = None, at_ms: int | None = None, **payload: Any
    ) -> None:
        self._emit(
            self.journal.epoch,
            event,
            self.journal.clock.now() if at_ms is None else at_ms,
            leg.participant_id if leg else payload.get("participant_id"),
            leg.leg_id if leg else payload.get("leg_id"),
            payload,
        )

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def adopt(self, epoch: int) -> None:
        """Django took this worker for dead and opened the call again; it goes on as it is."""
        if epoch > self.journal.epoch:
            self.journal.epoch = epoch
            self.note("worker.started")

    # -- legs

    async def connect(
        self,
        *,
        participant_id: str,
        leg_id: str,
        name: str,
        role: str,
        offer_sdp: str,
        publishes: set[str],
        muted: bool = False,
    ) -> tuple[str, Leg]:
        """Answer an offer; the leg takes the participant's place once it is connected."""
        if self.closing:
            raise RoomRefused("call_is_closing")
        if leg_id in self.legs:
            raise RoomRefused("leg_exists")
        if role == SUPERVISOR:
            self._beside.add(participant_id)
        present = {leg.participant_id for leg in self.legs.values()} - self._beside
        if participant_id not in present | self._beside and len(present) >= PLACES:
            raise RoomRefused("room_full")
        leg = Leg(
            participant_id,
            leg_id,
            policy=UplinkPolicy(
                self.options.min_video_kbps,
                self.options.max_video_kbps,
                self.options.preference,
            ),
            on_connected=self._promote,
            on_dead=self._dead,
        )
        self.legs[leg_id] = leg
        answer = None
        try:
            answer = await leg.answer(offer_sdp, self._ice_servers, publishes)
        finally:
            if answer is None:
                self.legs.pop(leg_id, None)
        person = self.participants.get(participant_id)
        if person is None:
            # A worker that took the call over knows of the mute only from here.
            self.participants[participant_id] = Participant(participant_id, name, role, muted=muted)
        else:
            person.name, person.role = name, role
        return answer, leg

    def _promote(self, leg: Leg) -> None:
        """The leg is connected: it is the participant now."""
        person = self.participants[leg.participant_id]
        old, person.leg = person.leg, leg
        self._leg_numbers[person.participant_id] = leg.leg_no = (
            self._leg_numbers.get(person.participant_id, 0) + 1
        )
        if old is not None:
            self._end_tracks(person)
            self._spawn(self._close_leg(old, "taken_over"))
        self.note(
            "leg.joined",
            participant_id=person.participant_id,
            leg_id=leg.leg_id,
            leg_no=leg.leg_no,
            name=person.name,
            role=person.role,
        )
        self.emit("leg.connected", leg, leg_no=leg.leg_no)
        self._apply_mute(person)
        if self._wanted_recording or self.recording:
            self.recording = True
            self._start_tracks(person)
        self._rewire()

    def _dead(self, leg: Leg, reason: str) -> None:
        """The connection ended without anybody asking for it."""
        if leg.connected_at is not None and leg.silence != "lost":
            leg.silence = "lost"
            self.note("leg.lost", participant_id=leg.participant_id, leg_id=leg.leg_id)
            self.emit("leg.lost", leg, reason=reason)
        self._spawn(self._close_leg(leg, reason))

    async def close_leg(self, leg_id: str, reason: str) -> None:
        leg = self.legs.get(leg_id)
        if leg is not None:
            await self._close_leg(leg, reason)

    async def _close_leg(self, leg: Leg, reason: str) -> None:
        if self.legs.pop(leg.leg_id, None) is None:
            return
        self._watch.forget(leg)
        person = self.participants.get(leg.participant_id)
        if person is not None and person.leg is leg:
            person.leg = None
            self._end_tracks(person)
            self._rewire()
        self.note("leg.closed", participant_id=leg.participant_id, leg_id=leg.leg_id, reason=reason)
        self.emit("leg.closed", leg, reason=reason)
        await leg.close(reason)

    def _rewire(self) -> None:
        """Fill every connection's slots: who is there keeps his place, who left frees it."""
        publishers = {
            p.participant_id: p.leg
            for p in self.participants.values()
            if p.leg is not None and p.leg.inbound
        }
        for viewer in self.participants.values():
            leg = viewer.leg
            if leg is None:
                continue
            before = [slot.participant_id for slot in leg.slots]
            wanted = [pid for pid in publishers if pid != viewer.participant_id]
            # People, then what is shown to them, then who looks on.
            wanted.sort(key=lambda pid: (pid in self._beside, pid not in CONTENT))
            for slot in leg.slots:
                if slot.participant_id not in wanted:
                    slot.participant_id = None
            seen = {slot.participant_id for slot in leg.slots}
            waiting = [pid for pid in wanted if pid not in seen]
            for slot in leg.slots:
                if slot.participant_id is None and waiting:
                    slot.participant_id = waiting.pop(0)
                source = publishers.get(slot.participant_id or "")
                for kind, stream in slot.streams.items():
                    stream.set_source(source.inbound.get(kind) if source else None)
            after = [slot.participant_id for slot in leg.slots]
            if after != before:
                slots = [{"slot": n, "participant_id": pid} for n, pid in enumerate(after)]
                self.emit("slots.changed", leg, slots=slots)

    # -- play-out

    async def play(
        self, play_id: str, path: Path, *, title: str, start_ms: int = 0
    ) -> dict[str, Any]:
        """Send an item to everybody, recorded as the tracks of `media`. Raises RoomRefused."""
        person = self.participants.setdefault(MEDIA_ID, Participant(MEDIA_ID, title, "media"))
        if self.closing:
            raise RoomRefused("call_is_closing")
        if isinstance(person.leg, PlayedLeg):
            if person.leg.leg_id == play_id:
                return view(person.leg)
            raise RoomRefused("already_playing")
        reader = await open_item(path, start_ms)
        if self.closing or person.leg is not None:
            reader.close()
            raise RoomRefused("call_is_closing" if self.closing else "already_playing")

        def tell(state: str, position_ms: int) -> None:
            self.emit("playout.progress", leg, state=state, position_ms=position_ms)

        def finished(outcome: str) -> None:
            self._spawn(self._end_play(leg, outcome))

        leg = PlayedLeg(play_id, reader, tell)
        person.name = title
        self.legs[play_id] = leg
        self.note("playout.started", play_id=play_id, title=title, start_ms=start_ms)
        self._promote(leg)
        leg.begin(finished)
        return view(leg)

    async def control_play(self, play_id: str, act: str) -> dict[str, Any]:
        """`act` is pause, resume or stop. Raises RoomRefused `not_playing`."""
        leg = self.legs.get(play_id)
        if not isinstance(leg, PlayedLeg):
            raise RoomRefused("not_playing", status=404)
        if act == "stop":
            leg.state = "stopped"
            await self._end_play(leg, "stopped")
        elif leg.pause() if act == "pause" else leg.resume():
            self.note(f"playout.{act}d", play_id=play_id, position_ms=leg.position_ms)
        return view(leg)

    async def _end_play(self, leg: PlayedLeg, outcome: str) -> None:
        self.note("playout.ended", play_id=leg.leg_id, outcome=outcome, position_ms=leg.position_ms)
        self.emit("playout.ended", leg, outcome=outcome, position_ms=leg.position_ms)
        await self._close_leg(leg, outcome)

    # -- sound, recording, stills

    def mute(self, participant_id: str, muted: bool) -> None:
        person = self._person(participant_id)
        if person.muted != muted:
            person.muted = muted
            self.note("mute", participant_id=participant_id, muted=muted)
        self._apply_mute(person)

    @staticmethod
    def _apply_mute(person: Participant) -> None:
        sound = person.leg.inbound.get("audio") if person.leg else None
        if sound is not None:
            sound.muted = person.muted

    def _person(self, participant_id: str) -> Participant:
        person = self.participants.get(participant_id)
        if person is None:
            raise RoomRefused("no_such_participant", status=404)
        return person

    def record(self, on: bool) -> None:
        self._wanted_recording = self.recording = on
        for person in self.participants.values():
            if on:
                self._start_tracks(person)
            else:
                self._end_tracks(person)
        if not on:
            self.recording_since_ms = None
        self.note("recording", on=on)

    def _start_tracks(
        self, person: Participant, *, only: str = "", after_ms: float | None = None
    ) -> None:
        if person.leg is None:
            return
        for kind, source in person.leg.inbound.items():
            if only not in ("", kind) or kind in person.tracks:
                continue
            if kind == "video" and self.video_shed_ms is not None:
                continue
            name = TrackName(
                *(person.participant_id, person.leg.leg_id, person.leg.leg_no),
                *(kind, self.journal.epoch),
            )
            track = Track(
                name,
                self.folder,
                self.journal.clock,
                self.options.part_seconds,
                self._notify_from_thread,
                after_ms=after_ms,
            )
            person.tracks[kind] = track
            source.taps.append(track)
            source.report_taps.append(track.on_report)
            self._recorder.add(track)
            source.request_keyframe()

    def shed_video(self, on: bool) -> None:
        """The disk is full: sound goes on, pictures do not; or it has room again."""
        if on == (self.video_shed_ms is not None):
            return
        now_ms = self.journal.clock.now()
        if on:
            self.video_shed_ms = now_ms
            for person in self.participants.values():
                self._end_tracks(person, "video")
            self.note("recording.degraded", reason="disk_full", stopped=["video"])
            self.emit("recording.degraded", at_ms=now_ms, reason="disk_full")
            return
        since_ms, self.video_shed_ms = self.video_shed_ms, None
        self.note("recording.restored", from_ms=since_ms, to_ms=now_ms)
        self.emit("recording.restored", at_ms=now_ms)
        if self.recording:
            for person in self.participants.values():
                self._start_tracks(person)

    def _end_tracks(self, person: Participant, only: str = "") -> None:
        ended = {k: t for k, t in person.tracks.items() if only in ("", k)}
        for kind, track in ended.items():
            source = person.leg.inbound.get(kind) if person.leg else None
            if source is not None and track in source.taps:
                source.taps.remove(track)
                source.report_taps.remove(track.on_report)
            track.end()
        if ended:
            self._ending = [t for t in self._ending if not t.closed.done()]
            self._ending += ended.values()
            self._recorder.hurry()
        person.tracks = {k: t for k, t in person.tracks.items() if k not in ended}

    def _notify_from_thread(self, kind: str, body: dict[str, Any]) -> None:
        self._loop.call_soon_threadsafe(self._on_track, kind, body)

    def _on_track(self, kind: str, body: dict[str, Any]) -> None:
        """Something the writer's thread has to say."""
        if kind == "track.wants_keyframe":
            leg = self.legs.get(body["leg_id"])
            if leg is not None:
                leg.inbound[body["track"]].request_keyframe()
            return
        self.note(kind, **body)
        if kind == "track.started":
            self.files[body["file"]] = {"kind": kind, **body}
            if self.recording_since_ms is None and self.recording:
                self.recording_since_ms = body["start_ms"]
                self.emit("recording.started", at_ms=body["start_ms"])
        elif kind == "track.ended":
            self.files[body["file"]] = {"kind": kind, **body}
            faultpoint("track.ended")
            self.emit("track.part_closed", **track_file(body))
        elif kind == "track.failed" and body["errno"] == errno.ENOSPC:
            self._on_disk_full()
        elif kind == "track.broken":
            self._on_broken(body["participant_id"], body["track"], body["file"])

    def _on_broken(self, participant_id: str, kind: str, file: str) -> None:
        """Only this track starts anew; what is missing until then it tells as a gap."""
        if self.files.get(file, {}).get("kind") == "track.started":
            self._spawn(self._measure(file))
        person = self.participants[participant_id]
        track = person.tracks.get(kind)
        if track is None or not track.closed.done():
            return  # ended meanwhile, or of another connection
        self._end_tracks(person, kind)

        def go_on() -> None:
            if self.recording and not self.closing:
                self._start_tracks(person, only=kind, after_ms=track.last_ms)

        self._loop.call_later(BROKEN_TRACK_S, go_on)

    async def snapshot(self, snapshot_id: str, participant_id: str) -> tuple[Still, str, int]:
        """(still, file, at_ms); journalled before the answer. Raises RoomRefused."""
        person = self._person(participant_id)
        source = person.leg.inbound.get("video") if person.leg else None
        if source is None:
            raise RoomRefused("no_picture", "the participant sends no video")
        file = f"snapshots/{snapshot_id}.jpg"
        try:
            still = await take_still(source, self.folder / file)
        except OSError as full:
            raise RoomRefused("spool_unwritable", status=507) from full
        at_ms = await self._note_still(snapshot_id, participant_id, file, still)
        return still, file, at_ms

    async def put_still(
        self, snapshot_id: str, participant_id: str, jpeg: bytes, size: tuple[int, int]
    ) -> tuple[Still, str, int]:
        """Keep a picture that the participant's own camera took. Raises RoomRefused."""
        self._person(participant_id)
        file = f"snapshots/{snapshot_id}.jpg"
        try:
            still = await asyncio.to_thread(keep_still, jpeg, size, self.folder / file)
        except OSError as full:
            raise RoomRefused("spool_unwritable", status=507) from full
        at_ms = await self._note_still(
            snapshot_id, participant_id, file, still, source="customer_camera"
        )
        return still, file, at_ms

    async def _note_still(
        self, snapshot_id: str, participant_id: str, file: str, still: Still, **more: Any
    ) -> int:
        at_ms = self.journal.clock.at(still.taken)
        await self._durable(
            self.journal.append(
                "snapshot",
                snapshot_id=snapshot_id,
                participant_id=participant_id,
                file=file,
                width=still.width,
                height=still.height,
                taken_ms=at_ms,
                bytes=still.bytes,
                sha256=still.sha256,
                **more,
            )
        )
        return at_ms

    async def write_note(
        self, note_id: str, kind: str, at_ms: int | None, payload: dict[str, Any]
    ) -> tuple[int, int]:
        """(seq, at_ms) of a note that is on the disk; the same id again gives the same answer."""
        known = self.journal.notes.get(note_id)
        if known is not None:
            return known
        moment = self.journal.clock.now() if at_ms is None else at_ms
        written = self.journal.append("note", at_ms=moment, id=note_id, note=kind, payload=payload)
        await self._durable(written)
        return self.journal.notes.setdefault(note_id, (written.result(), moment))

    @staticmethod
    async def _durable(written: Any) -> None:
        try:
            await asyncio.wrap_future(written)
        except OSError as full:
            raise RoomRefused("spool_unwritable", status=507) from full

    # -- closing

    async def close(self, reason: str) -> dict[str, Any]:
        """Close legs and files; `call.closed` is the journal's last line."""
        self.closing = True
        await self._settle("call_closed")
        faultpoint("call.settled")
        tracks = [track_file(body) for body in self.files.values() if body["kind"] == "track.ended"]
        duration_ms = self.journal.clock.now()
        await self._durable(
            self.journal.append(
                "call.closed", reason=reason, tracks=tracks, duration_ms=duration_ms
            )
        )
        await asyncio.to_thread(self.journal.close)
        faultpoint("call.closed")
        return {
            "journal_path": str(self.journal.path),
            "tracks": tracks,
            "duration_ms": duration_ms,
        }

    async def suspend(self) -> None:
        """The worker stops, the call does not: files are closed cleanly, the journal stays open-ended."""
        self.closing = True
        await self._settle("worker_stopping")
        await self._durable(self.journal.append("worker.stopped"))
        await asyncio.to_thread(self.journal.close)

    async def abandon(self) -> None:
        """Another worker took the call over: let go of everything, write nothing."""
        self.closing = True
        await self._settle("superseded")
        await asyncio.to_thread(self.journal.close)

    async def _settle(self, reason: str) -> None:
        await asyncio.gather(*(self._close_leg(leg, reason) for leg in list(self.legs.values())))
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=TRACK_END_TIMEOUT_S)
        ended = [asyncio.wrap_future(track.closed) for track in self._ending]
        if ended:
            self._recorder.hurry()
            _, late = await asyncio.wait(ended, timeout=TRACK_END_TIMEOUT_S)
            if late:
                logger.error("%d tracks of a call did not end in time", len(late))
        await asyncio.sleep(0)  # lets the last call_soon_threadsafe of the writer run

    def watch(self, now: float) -> None:
        """Called four times a second."""
        self._watch.look(now)

    def proof(self) -> dict[str, Any]:
        """What is being written now (body of protocol.Proof)."""
        return self._watch.proof()
