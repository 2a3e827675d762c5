"""Opening, joining, leaving and ending a call."""

import datetime as dt
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max, Q
from django.utils import timezone

from audit import services as audit
from common.actor import Actor
from common.clock import unix_ms
from common.faultpoint import faultpoint
from common.push import call_group, party_group, push, seat_group
from interviews import policy
from interviews.errors import (
    CallOver,
    ConsentMissing,
    RecordingIsAutomatic,
    RoomFull,
    SeatBusy,
)
from interviews.models import (
    Call,
    Consent,
    InterviewTask,
    Leg,
    Participant,
    Party,
    TimelineEvent,
)
from interviews.states import (
    AWAITED,
    CALL_MACHINE,
    PARTICIPANT_MACHINE,
    RUNNING,
    CallMove,
    ParticipantMove,
    ParticipantRole,
    ParticipantState,
)
from media_worker.gateway import CallNotOpen, MediaRefused, MediaUnavailable
from media_worker.selectors import require_media_room
from outbox.services import publish
from seats import services as seats
from seats.models import Seat

from .tasks import lock_task, require_open


def lock_call(call_id: UUID) -> Call:
    """The one way to take a call for change. The seat's row is locked before it, if at all.

    Without its key: whoever adds a row about the call looks at the key as he commits, with the log
    already taken, and must not wait for somebody who has the call and wants the log.
    """
    return Call.objects.select_for_update(of=("self",), no_key=True).get(pk=call_id)


def call_ms(call: Call) -> int:
    """Milliseconds from the call's start until now."""
    return unix_ms(timezone.now()) - unix_ms(call.clock_started_at)


def advance_call(call: Call, move: CallMove, *, actor: Actor, **facts: object) -> Call:
    """One move of a locked call: the row, the audit entry and the hint to its sockets."""
    call.state = CALL_MACHINE.after(call.call_state, move)
    call.save()
    audit.record(
        f"call.{move.value}",
        actor=actor,
        object_type="call",
        object_id=call.pk,
        chain=audit.interview_chain(call.task_id),
        state=call.state,
        **facts,
    )
    faultpoint("call.moved")
    push(call_group(call.pk), "call.changed")
    push(seat_group(call.seat_id), "seat.changed")
    return call


@transaction.atomic
def open_call(task_id: UUID, *, seat: Seat, party_id: UUID, actor: Actor) -> Call:
    """The conversation begins: places for the seat and the calling party (DSP-2, SDK-2).

    Runs inside the dispatcher's transaction with the seat's row locked. Raises TaskClosed,
    ConsentMissing, SeatBusy; SpoolFull, MediaBusy when its recording would not fit anywhere.
    """
    task = lock_task(task_id)
    require_open(task)
    require_consent(party_id)
    require_media_room()
    number = Call.objects.filter(task=task).aggregate(last=Max("number"))["last"] or 0
    try:
        with transaction.atomic():
            call = Call.objects.create(
                task=task,
                seat=seat,
                number=number + 1,
                recording_on=not policy.records_by_hand(task),
            )
    except IntegrityError as error:
        raise SeatBusy from error
    until = kept_until(task, ParticipantState.INVITED)
    own = Participant.objects.create(call=call, role=ParticipantRole.SEAT, reconnect_until=until)
    Participant.objects.create(
        call=call, role=ParticipantRole.CUSTOMER, party_id=party_id, reconnect_until=until
    )
    if policy.seat_joins_muted(task, seat.user.staff_no):
        set_muted_row(own.pk, muted=True, actor=actor)
    audit.record(
        "call.opened",
        actor=actor,
        object_type="call",
        object_id=call.pk,
        chain=audit.interview_chain(task.pk),
        seat=seat.pk,
        number=call.number,
    )
    publish("call.opened", key=str(call.pk), call_id=str(call.pk))
    push(seat_group(seat.pk), "seat.changed")
    return call


def kept_until(task: InterviewTask, state: ParticipantState) -> dt.datetime:
    """Until when a place is kept in which nobody has been connected yet."""
    knocks = state == ParticipantState.KNOCKING
    return timezone.now() + (policy.KNOCKS_FOR if knocks else policy.connects_within(task))


def watch_for_customers(call: Call) -> None:
    """A call that nobody of the customers is in, or on the way to, ends soon; the call is locked.

    A network that is away and a page that was closed look the same: the reconnect window has
    passed before. The seat is shown the deadline and may put it off (`await_customers`).
    """
    awaited = ~Q(state=ParticipantState.LEFT)
    if Participant.objects.filter(awaited, call=call, role=ParticipantRole.CUSTOMER).exists():
        until = None
    else:
        until = call.deserted_until or timezone.now() + policy.ENDS_WITHOUT_CUSTOMERS
    if until != call.deserted_until:
        call.deserted_until = until
        call.save(update_fields=["deserted_until"])


@transaction.atomic
def await_customers(call_id: UUID, *, actor: Actor) -> None:
    """The seat stays although no customer is left: for one more reconnect window. Idempotent."""
    call = lock_call(call_id)
    if not call.is_running or call.deserted_until is None:
        return
    call.deserted_until = timezone.now() + policy.reconnect_window(call.task)
    call.save(update_fields=["deserted_until"])
    audit.record(
        "call.customers_awaited",
        actor=actor,
        object_type="call",
        object_id=call.pk,
        chain=audit.interview_chain(call.task_id),
    )
    push(call_group(call.pk), "call.changed")


def require_consent(party_id: UUID) -> None:
    """Raises ConsentMissing: media of a party begins only after the agreement is stored."""
    if not Consent.objects.filter(party_id=party_id).exists():
        raise ConsentMissing


@transaction.atomic
def join_call(task_id: UUID, *, party_id: UUID, actor: Actor) -> Participant | None:
    """A further party enters the running call of the task; None when none is running (SDK-2).

    Idempotent: whoever has a place gets it again. Raises RoomFull, ConsentMissing.
    """
    running = Call.objects.filter(task_id=task_id, state__in=RUNNING).values_list("pk", flat=True)
    call_id = running.first()
    if call_id is None:
        return None
    require_consent(party_id)
    call = lock_call(call_id)
    if not call.is_running:
        return None
    place = Participant.objects.filter(call=call, party_id=party_id).first()
    has_to_knock = policy.admits_by_seat(call.task)
    if place is not None:
        if place.state == ParticipantState.LEFT:
            # Whoever was in the call may return; whoever was not let in knocks again.
            knocks = has_to_knock and place.joined_at is None
            _require_room(call)
            _move_participant(place, ParticipantMove.KNOCK if knocks else ParticipantMove.INVITE)
            watch_for_customers(call)
            push(call_group(call.pk), "call.changed")
        return place
    _require_room(call)
    state = ParticipantState.KNOCKING if has_to_knock else ParticipantState.INVITED
    place = Participant.objects.create(
        call=call,
        role=ParticipantRole.CUSTOMER,
        party=Party.objects.get(pk=party_id),
        state=state,
        reconnect_until=kept_until(call.task, state),
    )
    watch_for_customers(call)
    audit.record(
        "participant.joined",
        actor=actor,
        object_type="participant",
        object_id=place.pk,
        chain=audit.interview_chain(call.task_id),
    )
    push(call_group(call.pk), "call.changed")
    return place


def _require_room(call: Call) -> None:
    """Raises RoomFull. The call is locked: nobody takes a place meanwhile."""
    taken = Participant.objects.filter(
        ~Q(state=ParticipantState.LEFT), call=call, role=ParticipantRole.CUSTOMER
    ).count()
    if taken >= policy.MAX_CUSTOMERS:
        raise RoomFull


@transaction.atomic
def admit_participant(
    call_id: UUID, participant_id: UUID, *, admitted: bool, actor: Actor
) -> Participant:
    """The seat lets a waiting party in, or not; who is turned away may knock again.

    Idempotent for who is in already. Raises CallOver, IllegalMove for who has gone.
    """
    call = lock_call(call_id)
    if not call.is_running:
        raise CallOver
    place = Participant.objects.select_for_update(of=("self",), no_key=True).get(
        pk=participant_id, call=call
    )
    if place.state != ParticipantState.KNOCKING:
        return place
    if admitted:
        _move_participant(place, ParticipantMove.ADMIT)
    else:
        leave_locked(call, place, "not_admitted")
    audit.record(
        "participant.admitted" if admitted else "participant.turned_away",
        actor=actor,
        object_type="participant",
        object_id=place.pk,
        chain=audit.interview_chain(call.task_id),
    )
    push(call_group(call.pk), "call.changed")
    if place.party_id:
        push(party_group(place.party_id), "party.changed")
    return place


def _move_participant(place: Participant, move: ParticipantMove) -> None:
    state = PARTICIPANT_MACHINE.after(ParticipantState(place.state), move)
    place.state = state
    place.reconnect_until = kept_until(place.call.task, state) if state in AWAITED else None
    place.save()


@transaction.atomic
def leave_call(participant_id: UUID, *, actor: Actor, reason: str) -> None:
    """A customer goes; the place can be taken up again while the call runs. Idempotent."""
    call_id = Participant.objects.values_list("call_id", flat=True).get(pk=participant_id)
    call = lock_call(call_id)
    place = Participant.objects.select_for_update(of=("self",), no_key=True).get(pk=participant_id)
    if place.state == ParticipantState.LEFT or not call.is_running:
        return
    leave_locked(call, place, reason)
    audit.record(
        "participant.left",
        actor=actor,
        object_type="participant",
        object_id=place.pk,
        chain=audit.interview_chain(call.task_id),
        reason=reason,
    )
    push(call_group(call.pk), "call.changed")


def leave_locked(call: Call, place: Participant, reason: str) -> None:
    """The place is given up; the call is locked. Idempotent."""
    from .content import note_audience  # that module uses this one's locks

    now = timezone.now()
    if place.state == ParticipantState.LEFT:
        return
    TimelineEvent.objects.create(
        call=call,
        kind="participant.left",
        at_ms=call_ms(call),
        participant=place,
        payload={"reason": reason},
    )
    if place.role == ParticipantRole.SUPERVISOR:
        TimelineEvent.objects.filter(participant=place, kind="supervision").update(
            until_ms=call_ms(call)
        )
    place.left_at = now
    _move_participant(place, ParticipantMove.LEAVE)
    Leg.objects.filter(participant=place, closed_at=None).update(closed_at=now, close_reason=reason)
    if call.ended_at is None:  # a room that ends is closed as a whole
        _let_go(call, place, reason)
        note_audience(call, call_ms(call))
        if place.role == ParticipantRole.CUSTOMER:
            watch_for_customers(call)


def _let_go(call: Call, place: Participant, reason: str) -> None:
    """The worker closes the connections of who has gone, whatever the client does.

    Those that were taken over as well: the worker keeps an old one until the new one is there.
    """
    legs = Leg.objects.filter(participant=place, media_epoch=call.media_epoch)
    gone: dict[str, Any] = {
        "call_id": str(call.pk),
        "media_epoch": call.media_epoch,
        "leg_ids": [str(leg_id) for leg_id in legs.values_list("pk", flat=True)],
        "reason": reason,
    }
    if not gone["leg_ids"]:
        return
    # Until it is done, whatever dies; and at once, however much stands before it in the outbox.
    publish("participant.left", key=str(place.pk), **gone)
    transaction.on_commit(partial(_close_at_once, gone), robust=True)


def _close_at_once(gone: dict[str, Any]) -> None:
    from .media import close_legs  # the media module uses this one's locks

    with suppress(MediaUnavailable):
        close_legs(**gone)


@transaction.atomic
def end_call(call_id: UUID, *, actor: Actor, reason: str) -> Call:
    """The seat hangs up, or policy does (SDK-8). Every party that was there counts as interviewed.

    Raises CallOver when it has ended before.
    """
    from .content import end_content  # that module uses this one's locks

    seat_id = Call.objects.values_list("seat_id", flat=True).get(pk=call_id)
    seat = seats.lock_seat(seat_id)
    call = lock_call(call_id)
    if not call.is_running:
        raise CallOver
    call.ended_at = timezone.now()
    call.end_reason = reason
    places = list(
        Participant.objects.select_for_update(of=("self",), no_key=True).filter(call=call)
    )
    for place in places:
        leave_locked(call, place, "call_ended")
    end_content(call)
    call.deserted_until = None
    advance_call(call, CallMove.END, actor=actor, reason=reason)
    if call.live_at is not None:
        Party.objects.filter(
            pk__in=[p.party_id for p in places if p.party_id and p.joined_at],
            interviewed_at=None,
        ).update(interviewed_at=call.ended_at)
    seats.wrap_up(seat)
    publish("call.ended", key=str(call.pk), call_id=str(call.pk))
    push(call_group(call.pk), "call.ended", reason=reason)
    for place in places:
        if place.party_id:
            push(party_group(place.party_id), "party.changed")
    return call


@transaction.atomic
def set_muted_row(participant_id: UUID, *, muted: bool, actor: Actor) -> Participant:
    """Note the mute in the database, if it is one (WB-5); the media worker was told before."""
    place = (
        Participant.objects.select_for_update(of=("self",), no_key=True)
        .select_related("call")
        .get(pk=participant_id)
    )
    if place.muted == muted:
        return place  # said twice: nothing has changed for who listens
    place.muted = muted
    place.save(update_fields=["muted"])
    at_ms = call_ms(place.call)
    if not muted:
        TimelineEvent.objects.filter(
            call=place.call, participant=place, kind="mute", until_ms=None
        ).update(until_ms=at_ms)
    TimelineEvent.objects.create(
        call=place.call,
        kind="mute" if muted else "unmute",
        at_ms=at_ms,
        participant=place,
        created_by=actor.name,
    )
    audit.record(
        "participant.muted" if muted else "participant.unmuted",
        actor=actor,
        object_type="participant",
        object_id=place.pk,
        chain=audit.interview_chain(place.call.task_id),
    )
    push(call_group(place.call_id), "call.changed")
    return place


def set_muted(call_id: UUID, participant_id: UUID, *, muted: bool, actor: Actor) -> Participant:
    """Silence a participant: nothing of that sound is sent or recorded (WB-5).

    Who has no connection is connected as it is noted here (`connect_media`). Raises CallOver,
    MediaUnavailable, and then nothing is noted: what the worker does is not known.
    """
    place = Participant.objects.select_related("call").get(pk=participant_id, call_id=call_id)
    if not place.call.is_running:
        raise CallOver
    place.muted = muted
    was_known = _tell_of_mute(place)
    place = set_muted_row(participant_id, muted=muted, actor=actor)
    if not was_known:
        _tell_of_mute(place)  # who connected since then did so with the word from before
    return place


def _tell_of_mute(place: Participant) -> bool:
    """False: the worker does not know the person. Raises MediaUnavailable, MediaRefused."""
    from .media import is_silenced, room_of  # the media module uses this one's locks

    try:
        room_of(place.call).mute(str(place.pk), muted=is_silenced(place, place.call))
    except CallNotOpen:
        return False
    except MediaRefused as refusal:
        if refusal.facts.get("reason") != "no_such_participant":
            raise
        return False
    return True


def set_recording(call_id: UUID, *, on: bool, actor: Actor) -> Call:
    """Start, or stop, the recording by hand, where the parameter leaves it to the seat (WB-6).

    Raises CallOver, RecordingIsAutomatic, MediaUnavailable.
    """
    from .media import room_of

    call = Call.objects.select_related("task").get(pk=call_id)
    if not call.is_running:
        raise CallOver
    if not policy.records_by_hand(call.task):
        raise RecordingIsAutomatic
    room_of(call).record_now(on=on)
    with transaction.atomic():
        call = lock_call(call_id)
        if call.recording_on == on:
            return call
        call.recording_on = on
        call.save(update_fields=["recording_on"])
        TimelineEvent.objects.create(
            call=call,
            kind="recording.by_hand",
            at_ms=call_ms(call),
            payload={"on": on},
            created_by=actor.name,
        )
        audit.record(
            "call.recording_started" if on else "call.recording_stopped",
            actor=actor,
            object_type="call",
            object_id=call.pk,
            chain=audit.interview_chain(call.task_id),
        )
        push(call_group(call.pk), "call.changed")
    return call
