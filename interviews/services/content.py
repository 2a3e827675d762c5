"""What the seat shows to everybody: a region of its screen. And what of it ends with the room.

A stretch of showing is a timeline event without an end; there is at most one share at a time.
"""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db import transaction

from audit import services as audit
from common.actor import SYSTEM, Actor
from common.ids import new_id
from common.push import call_group, push
from interviews.errors import CallOver
from interviews.models import Call, Participant, PlayOut, TimelineEvent
from interviews.states import LIVE_PLAY, ParticipantRole, ParticipantState, PlayState
from media_worker.gateway import MediaRefused, MediaUnavailable
from outbox.services import publish

from .calls import call_ms, lock_call


def share_of(call: Call) -> TimelineEvent | None:
    """The share that is on."""
    return TimelineEvent.objects.filter(call=call, kind="share", until_ms=None).first()


def start_share(call_id: UUID, *, title: str, offer_sdp: str, actor: Actor) -> dict[str, Any]:
    """Answer the offer of the share's own connection: {"leg_id", "media_epoch", …} (WB-8).

    A share that is on is replaced. Raises CallOver, MediaUnavailable, MediaRefused.
    """
    from .media import room_of  # the media module ends what is shown when it moves a call

    call = Call.objects.select_related("task").get(pk=call_id)
    if not call.is_running:
        raise CallOver
    leg_id, room = new_id(), room_of(call)
    answer = room.connect_share(str(leg_id), offer_sdp, title)
    try:
        call = _begin_share(call_id, title, str(leg_id), actor)
    except CallOver:
        with suppress(MediaUnavailable, MediaRefused):  # with the worker its connections are gone
            room.close_leg(str(leg_id), "call_over")
        raise
    return {
        "leg_id": str(leg_id),
        "media_epoch": call.media_epoch,
        "answer_sdp": answer.answer_sdp,
        "slots": [],
    }


@transaction.atomic
def _begin_share(call_id: UUID, title: str, leg_id: str, actor: Actor) -> Call:
    """The call may have ended while the worker answered: raises CallOver."""
    call = lock_call(call_id)
    if not call.is_running:
        raise CallOver
    _end_share(call)
    TimelineEvent.objects.create(
        call=call,
        kind="share",
        at_ms=call_ms(call),
        payload={"title": title, "leg_id": leg_id},
        created_by=actor.name,
    )
    _note(call, "share.started", actor, title=title)
    return call


def stop_share(call_id: UUID, *, actor: Actor) -> None:
    """The customers see the seat again. Idempotent; a worker that is away has nothing to show."""
    from .media import room_of

    with transaction.atomic():
        call = lock_call(call_id)
        share = share_of(call)
        if share is None:
            return
        _end_share(call)
        _note(call, "share.stopped", actor)
    try:
        room_of(call).close_leg(share.payload["leg_id"], "stopped")
    except MediaUnavailable:
        return  # with the worker its connections are gone


def lose_share(call: Call, leg_id: str) -> None:
    """The share's connection ended by itself. The call's row is locked."""
    share = share_of(call)
    if share is not None and share.payload.get("leg_id") == leg_id:
        _end_share(call)
        _note(call, "share.lost", SYSTEM)


def _end_share(call: Call) -> None:
    TimelineEvent.objects.filter(call=call, kind="share", until_ms=None).update(
        until_ms=call_ms(call)
    )


def _note(call: Call, action: str, actor: Actor, **facts: object) -> None:
    audit.record(
        action,
        actor=actor,
        object_type="call",
        object_id=call.pk,
        chain=audit.interview_chain(call.task_id),
        **facts,
    )
    push(call_group(call.pk), "call.changed")


def interrupt_content(call: Call) -> None:
    """The media worker is gone: the share is over, the item waits where it was. Row is locked."""
    _end_share(call)
    playing = PlayOut.objects.filter(call=call, state=PlayState.PLAYING)
    if playing.update(state=PlayState.PAUSED, held=True):
        note_audience(call, call_ms(call))


def note_audience(call: Call, at_ms: int) -> None:
    """Write down to whom the item plays, at every change of either; the call's row is locked.

    What must be seen counts for who was there (MKT-3). Nothing plays to nobody: the item is halted
    and taken up again, soon, as the media worker is not asked from here.
    """
    play = PlayOut.objects.select_for_update(of=("self",)).filter(call=call, state__in=LIVE_PLAY)
    for item in play:
        there = customers_present(call)
        is_playing = item.state == PlayState.PLAYING
        item.audience = _audience_after(item.audience, there if is_playing else set(), at_ms)
        item.save(update_fields=["audience"])
        if (is_playing and not there) or (item.held and there):
            publish("call.audience", key=str(call.pk), call_id=str(call.pk))


def customers_present(call: Call) -> set[str]:
    present = Participant.objects.filter(
        call=call, role=ParticipantRole.CUSTOMER, state=ParticipantState.PRESENT
    )
    return {str(pk) for pk in present.values_list("pk", flat=True)}


def _audience_after(
    before: list[dict[str, Any]], seeing: set[str], at_ms: int
) -> list[dict[str, Any]]:
    """Stretches without an end are of those who see it; the others' end here."""
    after = []
    for stretch in before:
        is_open = stretch["until_ms"] is None
        if is_open and stretch["participant_id"] not in seeing:
            stretch = {**stretch, "until_ms": max(stretch["from_ms"], at_ms)}
        elif is_open:
            seeing = seeing - {stretch["participant_id"]}
        after.append(stretch)
    begun = [{"participant_id": who, "from_ms": at_ms, "until_ms": None} for who in sorted(seeing)]
    return after + begun


def end_content(call: Call) -> None:
    """The call is over. Its row is locked."""
    _end_share(call)
    for play in PlayOut.objects.filter(call=call, state__in=LIVE_PLAY).select_related("event"):
        end_play(play, PlayState.STOPPED, call_ms(call))


def end_play(play: PlayOut, state: PlayState, at_ms: int) -> None:
    """The item is over: the row, and the end of its stretch on the timeline."""
    play.state = state
    play.held = False
    play.audience = _audience_after(play.audience, set(), at_ms)
    play.save(update_fields=["state", "position_ms", "held", "audience"])
    event = play.event
    event.until_ms = max(event.at_ms, at_ms)
    event.payload = {
        **event.payload,
        "outcome": state.value,
        "position_ms": play.position_ms,
        "audience": play.audience,
    }
    event.save(update_fields=["until_ms", "payload"])
