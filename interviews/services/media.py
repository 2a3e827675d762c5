"""Connecting people to the media worker, and moving a call when its worker dies."""

import logging
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from channels.db import database_sync_to_async
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.utils import timezone

from audit import services as audit
from common.actor import SYSTEM, Actor
from common.clock import unix_ms
from common.errors import DomainError
from common.push import call_group, push
from interviews import policy
from interviews.errors import CallOver, NotAdmitted
from interviews.models import Call, Leg, Participant, TimelineEvent
from interviews.proof import proven_until
from interviews.states import (
    PARTICIPANT_MACHINE,
    RUNNING,
    CallState,
    ParticipantMove,
    ParticipantRole,
    ParticipantState,
)
from media_worker import gateway
from media_worker import protocol as p
from media_worker.gateway import CallNotOpen, MediaBusy, MediaUnavailable, SpoolFull
from media_worker.models import MediaWorker
from media_worker.selectors import choose_worker, live_workers
from media_worker.services import note_call_sent

from .calls import kept_until, lock_call, require_consent, watch_for_customers
from .content import interrupt_content, note_audience

logger = logging.getLogger(__name__)

WORKER_ROLES: dict[ParticipantRole, Literal["seat", "customer", "supervisor"]] = {
    ParticipantRole.SEAT: "seat",
    ParticipantRole.CUSTOMER: "customer",
    ParticipantRole.SUPERVISOR: "supervisor",
}


@dataclass(frozen=True, slots=True)
class Room:
    """The call's place on its media worker. Never used inside a transaction: it is a network."""

    control_url: str
    call_id: str
    epoch: int
    t0_unix_ms: int
    record: p.RecordMode = "on_connect"
    options: p.CallOptions = field(default_factory=p.CallOptions)

    def open(self) -> None:
        gateway.open_call(
            self.control_url,
            self.call_id,
            p.OpenCall(
                epoch=self.epoch,
                t0_unix_ms=self.t0_unix_ms,
                record=self.record,
                options=self.options,
            ),
        )

    def connect(self, place: Participant, leg: Leg, offer_sdp: str) -> p.LegAnswer:
        return gateway.connect_leg(
            self.control_url,
            self.call_id,
            p.ConnectLeg(
                participant_id=str(place.pk),
                leg_id=str(leg.pk),
                name=place.role,
                role=WORKER_ROLES[ParticipantRole(place.role)],
                offer_sdp=offer_sdp,
                media=p.LegMedia(audio=not place.silent, video=not place.silent),
                muted=is_silenced(place, place.call),
            ),
        )

    def connect_share(self, leg_id: str, offer_sdp: str, title: str) -> p.LegAnswer:
        return gateway.connect_leg(
            self.control_url,
            self.call_id,
            p.ConnectLeg(
                participant_id="share",
                leg_id=leg_id,
                name=title,
                role="share",
                offer_sdp=offer_sdp,
                media=p.LegMedia(audio=False),
            ),
        )

    def close_leg(self, leg_id: str, reason: str) -> None:
        gateway.close_leg(self.control_url, self.call_id, leg_id, reason=reason)

    def record_now(self, *, on: bool) -> None:
        gateway.record(self.control_url, self.call_id, on=on)

    def fetch_item(self, item_key: str) -> None:
        gateway.fetch_item(self.control_url, item_key)

    def play(self, play_id: str, item_key: str, title: str, start_ms: int) -> p.PlayState:
        return gateway.play(
            self.control_url,
            self.call_id,
            p.Play(play_id=play_id, item_key=item_key, title=title, start_ms=start_ms),
        )

    def control_play(self, play_id: str, act: Literal["pause", "resume", "stop"]) -> p.PlayState:
        return gateway.control_play(
            self.control_url, self.call_id, p.PlayAct(play_id=play_id, act=act)
        )

    def mute(self, participant_id: str, *, muted: bool) -> None:
        gateway.mute(self.control_url, self.call_id, participant_id, muted=muted)

    def snapshot(self, snapshot_id: str, participant_id: str) -> p.Snapshot:
        return gateway.snapshot(
            self.control_url,
            self.call_id,
            p.TakeSnapshot(snapshot_id=snapshot_id, participant_id=participant_id),
        )

    def put_still(
        self, snapshot_id: str, participant_id: str, jpeg_base64: str, size: tuple[int, int]
    ) -> p.Snapshot:
        return gateway.put_still(
            self.control_url,
            self.call_id,
            p.PutStill(
                snapshot_id=snapshot_id,
                participant_id=participant_id,
                width=size[0],
                height=size[1],
                jpeg_base64=jpeg_base64,
            ),
        )

    def journal(
        self, note_id: str, kind: str, at_ms: int, payload: dict[str, Any]
    ) -> p.JournalWritten:
        return gateway.append_journal(
            self.control_url,
            self.call_id,
            p.JournalNote(id=note_id, kind=kind, at_ms=at_ms, payload=payload),
        )


def is_silenced(place: Participant, call: Call) -> bool:
    """Muted, or the seat while what comes before the talk plays."""
    is_early = call.state == CallState.PREROLL and place.role == ParticipantRole.SEAT
    return place.muted or is_early


def room_of(call: Call) -> Room:
    """Raises MediaUnavailable when the call has no worker yet or its worker is unknown."""
    worker = MediaWorker.objects.filter(worker_id=call.media_worker).first()
    if worker is None:
        raise MediaUnavailable
    return Room(
        worker.control_url,
        str(call.pk),
        call.media_epoch,
        unix_ms(call.clock_started_at),
        record="on_connect" if call.recording_on else "manual",
        options=policy.room_options(call.task),
    )


@transaction.atomic
def _prepare_leg(participant_id: UUID, actor: Actor) -> tuple[Call, Participant, Leg]:
    """Take the place over with a new connection; pin the call to a worker if it has none."""
    call_id = Participant.objects.values_list("call_id", flat=True).get(pk=participant_id)
    call = lock_call(call_id)
    if not call.is_running:
        raise CallOver
    place = Participant.objects.select_for_update(of=("self",), no_key=True).get(pk=participant_id)
    stay_is_over = place.role == ParticipantRole.SUPERVISOR and place.state == ParticipantState.LEFT
    if place.state == ParticipantState.KNOCKING or stay_is_over:
        raise NotAdmitted
    if place.party_id is not None:
        require_consent(place.party_id)
    if not call.media_worker:
        _pin(call, choose_worker())
    Leg.objects.filter(participant=place, closed_at=None).update(
        closed_at=timezone.now(), close_reason="taken_over"
    )
    last = Leg.objects.filter(participant=place).aggregate(last=Max("number"))["last"] or 0
    leg = Leg.objects.create(participant=place, number=last + 1, media_epoch=call.media_epoch)
    if place.state == ParticipantState.LEFT:
        place.state = PARTICIPANT_MACHINE.after(
            ParticipantState(place.state), ParticipantMove.INVITE
        )
    if place.state == ParticipantState.INVITED:
        place.reconnect_until = kept_until(call.task, ParticipantState.INVITED)
        place.save(update_fields=["state", "reconnect_until"])
        watch_for_customers(call)
    audit.record(
        "media.requested",
        actor=actor,
        object_type="participant",
        object_id=place.pk,
        chain=audit.interview_chain(call.task_id),
        leg=leg.number,
    )
    return call, place, leg


def _pin(call: Call, worker: MediaWorker) -> None:
    call.media_worker = worker.worker_id
    call.media_worker_started_at = worker.started_at
    call.media_epoch += 1
    call.save(update_fields=["media_worker", "media_worker_started_at", "media_epoch"])
    note_call_sent(worker)


def _open_room(call: Call) -> tuple[Call, Room]:
    """The call's room, open; a worker that takes no call now gives way to one that does.

    The call comes back as it is then pinned. Raises MediaUnavailable, MediaRefused.
    """
    refused: list[str] = []
    while True:
        room = room_of(call)
        try:
            room.open()
        except (SpoolFull, MediaBusy):
            refused.append(call.media_worker)
            call = _pin_elsewhere(call, refused)
        else:
            return call, room


@transaction.atomic
def _pin_elsewhere(refused: Call, workers: Collection[str]) -> Call:
    """Another worker for a call whose own one refused to open its room: nobody is connected there.

    Whoever asks second finds it done. Raises MediaUnavailable when no other one takes it.
    """
    call = lock_call(refused.pk)
    if not call.is_running:
        raise CallOver
    if call.media_epoch != refused.media_epoch:
        return call
    was_up = Leg.objects.filter(participant__call=call, connected_at__isnull=False)
    if was_up.filter(media_epoch=call.media_epoch, closed_at=None).exists():
        raise MediaUnavailable  # somebody got in meanwhile, or the worker is just being replaced
    _pin(call, choose_worker(going_on=was_up.exists(), exclude=workers))
    return call


def connect_media(participant_id: UUID, *, offer_sdp: str, actor: Actor) -> dict[str, Any]:
    """Answer a client's WebRTC offer: {"leg_id", "media_epoch", "answer_sdp", "slots"}.

    The place's older connection is closed (takeover, return after a loss). Raises CallOver,
    ConsentMissing, NotAdmitted, MediaUnavailable (retry in a moment), MediaRefused (hostile offer).
    """
    call, place, leg = _prepare_leg(participant_id, actor)
    try:
        call, room = _open_room(call)
        if leg.media_epoch != call.media_epoch:
            leg.media_epoch = call.media_epoch
            leg.save(update_fields=["media_epoch"])
        answer = room.connect(place, leg, offer_sdp)
        _tell_of_mute_meanwhile(room, place)
    except Exception:
        # Whatever went wrong, the row must not stay the place's open connection.
        Leg.objects.filter(pk=leg.pk, closed_at=None).update(
            closed_at=timezone.now(), close_reason="refused"
        )
        raise
    if not Leg.objects.filter(pk=leg.pk, closed_at=None).exists():
        # Whoever left, or was taken over, while the worker answered: nobody would close it later.
        close_legs(str(call.pk), leg.media_epoch, [str(leg.pk)], "left")
        raise NotAdmitted
    return {
        "leg_id": str(leg.pk),
        "media_epoch": leg.media_epoch,
        "answer_sdp": answer.answer_sdp,
        "slots": [slot.model_dump() for slot in answer.slots],
    }


def close_legs(call_id: str, media_epoch: int, leg_ids: list[str], reason: str) -> None:
    """Have the worker close connections whose place is given up; closing again is no error.

    Raises MediaUnavailable while the worker that has the call cannot be asked.
    """
    call = Call.objects.select_related("task").get(pk=call_id)
    if not call.is_running or call.media_epoch != media_epoch:
        return  # the room is closed as a whole, or the connections were another worker's
    room = room_of(call)
    with suppress(CallNotOpen):  # it was started anew, with no connection
        for leg_id in leg_ids:
            room.close_leg(leg_id, reason)


def _tell_of_mute_meanwhile(room: Room, before: Participant) -> None:
    """Who was muted while the worker did not know the person is now known with the old word."""
    place = Participant.objects.select_related("call").get(pk=before.pk)
    if place.muted != before.muted:
        room.mute(str(place.pk), muted=is_silenced(place, place.call))


connect_media_async = database_sync_to_async(connect_media)


def lose_participant(call: Call, place: Participant, at_ms: int, cause: str) -> None:
    """Start the reconnect window of a place whose connection is gone (SDK-5). Rows are locked."""
    if place.state != ParticipantState.PRESENT:
        return
    looks_on = place.role == ParticipantRole.SUPERVISOR
    window = policy.SUPERVISOR_RETURNS_WITHIN if looks_on else policy.reconnect_window(call.task)
    now = timezone.now()
    place.state = PARTICIPANT_MACHINE.after(ParticipantState.PRESENT, ParticipantMove.LOSE)
    place.lost_at = now
    place.reconnect_until = now + window
    place.save(update_fields=["state", "lost_at", "reconnect_until"])
    note_gap(call, place, at_ms, cause)
    if not looks_on:
        note_audience(call, max(0, at_ms))


def note_gap(call: Call, place: Participant, at_ms: int, cause: str) -> None:
    """From here on nothing of the person is recorded; ends when media comes again. Rows are locked."""
    gaps = TimelineEvent.objects.filter(call=call, participant=place, kind="gap")
    if place.role == ParticipantRole.SUPERVISOR or gaps.filter(until_ms=None).exists():
        return  # without who looks on the interview has no gap
    ended_ms = gaps.aggregate(last=Max("until_ms"))["last"] or 0
    TimelineEvent.objects.create(
        call=call,
        kind="gap",
        at_ms=max(at_ms, ended_ms),
        participant=place,
        payload={"cause": cause},
    )


def move_call(call_id: UUID, *, dead_started_at: object = None) -> bool:
    """Give a running call to a worker that lives; its clients are told to connect again.

    False when nothing had to be done. Raises MediaUnavailable when no worker is free.
    """
    with transaction.atomic():
        call = lock_call(call_id)
        if not call.is_running or (
            dead_started_at is not None and call.media_worker_started_at != dead_started_at
        ):
            return False
        _pin(call, choose_worker(going_on=True))
        # Nothing is recorded since the worker died, not since somebody noticed.
        died_at, now = proven_until(str(call.pk)), unix_ms(timezone.now())
        at_ms = min(now, died_at or now) - unix_ms(call.clock_started_at)
        for place in Participant.objects.select_for_update(of=("self",), no_key=True).filter(
            call=call
        ):
            Leg.objects.filter(participant=place, closed_at=None).update(
                closed_at=timezone.now(), close_reason="worker_lost"
            )
            lose_participant(call, place, at_ms, "worker")
        interrupt_content(call)
        audit.record(
            "call.moved",
            actor=SYSTEM,
            object_type="call",
            object_id=call.pk,
            chain=audit.interview_chain(call.task_id),
            worker=call.media_worker,
            epoch=call.media_epoch,
        )
        push(call_group(call.pk), "call.changed")
    try:
        call, _room = _open_room(call)
    except DomainError as refusal:
        # Whoever connects opens it again; the clients must be told whatever happened here.
        logger.warning("call=%s was not opened at its new worker: %s", call.pk, refusal.code)
    # With the epoch: who has connected to the new worker already must not do it again.
    push(call_group(call.pk), "call.reconnect_media", payload={"media_epoch": call.media_epoch})
    return True


def move_stranded_calls() -> int:
    """Move every running call whose worker is silent or was restarted. How many were moved.

    Derived from rows alone, so whoever notices first does the same; in no order, so that those who
    notice at once begin at different ends.
    """
    moved = 0
    for call in _stranded().order_by("?"):
        try:
            moved += move_call(call.pk, dead_started_at=call.media_worker_started_at)
        except MediaUnavailable:
            logger.warning("no media worker for call=%s, trying again", call.pk)
        except Exception:
            # The calls behind it must be moved whatever is wrong with this one.
            logger.exception("call=%s was not moved, trying again", call.pk)
    return moved


def move_stranded_soon() -> None:
    """A worker was heard: who came back under its name has lost its rooms. Asks nobody's network."""
    from interviews.tasks import move_stranded  # the task calls this package

    if _stranded().exists():
        transaction.on_commit(move_stranded.delay, robust=True)


def _stranded() -> QuerySet[Call]:
    its_worker = live_workers().filter(
        worker_id=OuterRef("media_worker"), started_at=OuterRef("media_worker_started_at")
    )
    pinned = Call.objects.filter(state__in=RUNNING).exclude(media_worker="")
    return pinned.exclude(Exists(its_worker)).only("pk", "media_worker_started_at")
