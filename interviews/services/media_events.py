"""What the media worker saw becomes state. Events come at least once; each is applied once."""

import logging
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError, ProgrammingError, transaction
from django.utils import timezone
from redis.exceptions import RedisError

from common.faultpoint import faultpoint
from common.push import call_group, push, seat_group
from interviews.models import Call, Leg, MediaEvent, Participant, TimelineEvent
from interviews.proof import remember_proof, remember_slots
from interviews.states import (
    PARTICIPANT_MACHINE,
    CallState,
    ParticipantMove,
    ParticipantRole,
    ParticipantState,
)
from media_worker.protocol import Event
from outbox.services import publish

from . import preroll
from .calls import lock_call, watch_for_customers
from .content import lose_share, note_audience
from .media import lose_participant, note_gap
from .playout import note_progress, play_ended
from .quality import sum_up_quality

logger = logging.getLogger(__name__)

# Passing news: shown, not stored (of quality a sum is kept).
EPHEMERAL = {"proof": "call.proof", "quality": "call.quality", "slots.changed": "call.slots"}
ON_TIMELINE = {
    "recording.started",
    "recording.stalled",
    "recording.resumed",
    "recording.degraded",
    "recording.restored",
}
# What one of these began ends with the other.
ENDS = {"recording.resumed": "recording.stalled", "recording.restored": "recording.degraded"}
# Database or Redis are away, busy, or a release is on its way: the same event may be taken later.
PASSING = (OperationalError, InterfaceError, ProgrammingError, RedisError, OSError)


class EventRefused(Exception):
    """Asking again will not help. Names the event."""


def apply_media_events(events: list[Event]) -> None:
    """Apply a batch in order. One that speaks of an unknown call is noted and dropped.

    So is what a worker says that the call has left meanwhile (M2): it stood still and did not know.
    Raises EventRefused for one that will never be applied; those before it were.
    """
    epochs = _epochs(events)
    for event in events:
        if not _is_call(event.call_id):
            continue  # a room for tests (recordings.services.loop): nothing of it is state
        if event.epoch < epochs.get(event.call_id, 0):
            logger.info("late media event kind=%s call=%s", event.kind, event.call_id)
            continue
        try:
            _take(event)
        except PASSING:
            raise
        except Exception as error:
            # All else is in the event or in how it is read: it would hold up its worker for ever.
            raise EventRefused(f"{event.id} kind={event.kind} call={event.call_id}") from error


def _take(event: Event) -> None:
    if event.kind in EPHEMERAL:
        _show(event)
    elif event.kind == "playout.progress":
        note_progress(event)
    else:
        _apply(event)


def _is_call(room: str) -> bool:
    try:
        UUID(room)
    except ValueError:
        return False
    return True


def _epochs(events: list[Event]) -> dict[str, int]:
    """The epoch of every call that is spoken of."""
    ids = {UUID(event.call_id) for event in events if _is_call(event.call_id)}
    found = Call.objects.filter(pk__in=ids).values_list("pk", "media_epoch")
    return {str(pk): epoch for pk, epoch in found}


def _show(event: Event) -> None:
    if event.kind == "proof":
        remember_proof(event.call_id, event.payload)
    elif event.kind == "quality":
        sum_up_quality(event)
    elif event.leg_id is not None:
        remember_slots(event.leg_id, event.payload["slots"])
    push(
        call_group(event.call_id),
        EPHEMERAL[event.kind],
        leg_id=event.leg_id,
        participant_id=event.participant_id,
        payload=event.payload,
    )


@transaction.atomic
def _apply(event: Event) -> None:
    try:
        call = lock_call(UUID(event.call_id))
    except (Call.DoesNotExist, ValidationError):
        logger.warning("media event for unknown call kind=%s", event.kind)
        return
    _inbox, fresh = MediaEvent.objects.get_or_create(
        id=event.id, defaults={"call": call, "kind": event.kind}
    )
    if not fresh:
        return
    if event.kind in ENDS:
        TimelineEvent.objects.filter(call=call, kind=ENDS[event.kind], until_ms=None).update(
            until_ms=max(0, event.at_ms)
        )
    if event.kind in ON_TIMELINE:
        TimelineEvent.objects.create(
            call=call,
            kind=event.kind,
            at_ms=max(0, event.at_ms),
            participant_id=event.participant_id,
            payload=event.payload,
        )
        push(call_group(call.pk), "call.changed")
    elif event.kind == "track.part_closed":
        closed = {name: event.payload[name] for name in ("file", "bytes", "sha256")}
        publish("track.part_closed", key=str(call.pk), call_id=str(call.pk), **closed)
    elif event.kind == "playout.ended":
        play_ended(call, event)
    elif event.participant_id == "share":
        if event.kind in {"leg.lost", "leg.closed"}:
            lose_share(call, event.leg_id or "")
    elif event.leg_id is not None:
        _apply_leg(call, event.leg_id, event)
    faultpoint("media_event.applied")


def _apply_leg(call: Call, leg_id: str, event: Event) -> None:
    leg = Leg.objects.select_for_update(of=("self",)).filter(pk=leg_id).first()
    if leg is None or leg.closed_at is not None or not call.is_running:
        return  # the connection was replaced meanwhile: its late news changes nothing
    place = Participant.objects.select_for_update(of=("self",), no_key=True).get(
        pk=leg.participant_id
    )
    if event.kind in {"leg.connected", "leg.recovered"}:
        _connected(call, leg, place, event)
    elif event.kind == "leg.lost":
        lose_participant(call, place, event.at_ms, "network")
    elif event.kind == "leg.quiet":
        # Who is connected is there; that camera and microphone give nothing is a gap all the same.
        note_gap(call, place, event.at_ms, "devices")
    elif event.kind == "leg.closed":
        leg.closed_at = timezone.now()
        leg.close_reason = str(event.payload.get("reason", ""))[:40]
        leg.save(update_fields=["closed_at", "close_reason"])
        lose_participant(call, place, event.at_ms, "network")
    push(call_group(call.pk), "call.changed")
    push(seat_group(call.seat_id), "seat.changed")


def _connected(call: Call, leg: Leg, place: Participant, event: Event) -> None:
    now = timezone.now()
    if leg.connected_at is None:
        leg.connected_at = now
        leg.save(update_fields=["connected_at"])
    gap = (
        TimelineEvent.objects.filter(call=call, participant=place, kind="gap", until_ms=None)
        .order_by("-at_ms")
        .first()
    )
    if gap is not None:
        gap.until_ms = max(gap.at_ms, event.at_ms)
        gap.save(update_fields=["until_ms"])
    if place.joined_at is None:
        place.joined_at = now
        TimelineEvent.objects.create(
            call=call, kind="participant.joined", at_ms=max(0, event.at_ms), participant=place
        )
    place.state = PARTICIPANT_MACHINE.after(ParticipantState(place.state), ParticipantMove.CONNECT)
    place.lost_at = place.reconnect_until = place.left_at = None
    place.save()
    note_audience(call, max(0, event.at_ms))
    watch_for_customers(call)
    if call.state == CallState.CONNECTING and _both_sides_there(call):
        preroll.begin(call)


def _both_sides_there(call: Call) -> bool:
    present = set(
        Participant.objects.filter(call=call, state=ParticipantState.PRESENT).values_list(
            "role", flat=True
        )
    )
    return present >= {ParticipantRole.SEAT.value, ParticipantRole.CUSTOMER.value}
