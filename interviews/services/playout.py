"""Playing prepared items into a call (WB-16, MKT-2, MKT-3)."""

from contextlib import suppress
from typing import Any, Literal
from uuid import UUID

from django.db import IntegrityError, transaction

from audit import services as audit
from common.actor import SYSTEM, Actor
from common.ids import new_id
from common.push import call_group, push
from interviews.errors import (
    AlreadyPlaying,
    CallOver,
    ItemUnavailable,
    NoSkip,
    NotConnected,
    NothingPlaying,
)
from interviews.models import Call, PlayOut, TimelineEvent
from interviews.states import LIVE_PLAY, CallState, PlayState
from marketing_media.selectors import items_for, play_out
from media_worker.gateway import CallNotOpen, MediaRefused, MediaUnavailable
from media_worker.protocol import ITEM_SHA_CHARS, Event

from . import preroll
from .calls import call_ms, lock_call
from .content import customers_present, end_play, note_audience
from .media import Room, room_of

Act = Literal["pause", "resume", "stop"]
_AFTER = {"pause": PlayState.PAUSED, "resume": PlayState.PLAYING}


def item_key(item_id: int, sha256: str) -> str:
    """The media workers' name of a content; never used for another."""
    return f"{item_id}-{sha256[:ITEM_SHA_CHARS]}"


def start_play(call_id: UUID, item_id: int, *, actor: Actor) -> PlayOut:
    """Play an item of the call's product to everybody.

    Nobody sees any of it before the worker has the item: raises ItemOnItsWay until then, to be asked
    again. Raises CallOver, ItemUnavailable, AlreadyPlaying, MediaUnavailable, MediaRefused.
    """
    call = Call.objects.select_related("task").get(pk=call_id)
    _require_both_there(call)
    item = play_out(item_id)
    of_product = {row.item_id for row in items_for(call.task.product_code)}
    if item is None or item_id not in of_product:
        raise ItemUnavailable
    room, key = room_of(call), item_key(item_id, item.sha256)
    room.fetch_item(key)
    play = _begin(call_id, item.item_id, item.title, item.no_skip, item.duration_ms, actor)
    try:
        _play(room, play, key)
    except Exception:
        # Nobody is to see any of it: the row must not stay the one that is playing.
        with transaction.atomic():
            event = play.event
            play.delete()
            event.delete()
            push(call_group(call_id), "call.changed")
        raise
    return play


def _play(room: Room, play: PlayOut, key: str) -> None:
    try:
        room.play(str(play.pk), key, play.title, 0)
    except MediaUnavailable:
        # It may play, and only the answer was lost.
        with suppress(MediaUnavailable, MediaRefused):
            room.control_play(str(play.pk), "stop")
        raise


def _require_both_there(call: Call) -> None:
    if not call.is_running:
        raise CallOver
    if call.state == CallState.CONNECTING:
        raise NotConnected


@transaction.atomic
def _begin(
    call_id: UUID, item_id: int, title: str, no_skip: bool, duration_ms: int, actor: Actor
) -> PlayOut:
    call = lock_call(call_id)
    _require_both_there(call)
    play_id = new_id()
    event = TimelineEvent.objects.create(
        call=call,
        kind="media",
        at_ms=call_ms(call),
        payload={"title": title, "item_id": item_id, "play_id": str(play_id)},
        created_by=actor.name,
    )
    try:
        with transaction.atomic():
            play = PlayOut.objects.create(
                id=play_id,
                call=call,
                item_id=item_id,
                title=title,
                no_skip=no_skip,
                duration_ms=duration_ms,
                event=event,
            )
    except IntegrityError as live:
        raise AlreadyPlaying from live
    note_audience(call, call_ms(call))
    _note(play, "playout.started", actor, title=title)
    return play


def control_play(call_id: UUID, act: Act, *, actor: Actor, held: bool = False) -> PlayOut:
    """Pause, go on, or stop. Raises NothingPlaying, NoSkip for stopping what must be seen whole.

    `held`: paused until a customer is there. After a worker's death going on takes the item up where
    it was last seen, never later; raises ItemOnItsWay until the other worker has it.
    """
    play = (
        PlayOut.objects.select_related("call__task", "event")
        .filter(call_id=call_id, state__in=LIVE_PLAY)
        .first()
    )
    if play is None:
        raise NothingPlaying
    if act == "stop" and play.no_skip:
        raise NoSkip
    try:
        position_ms = room_of(play.call).control_play(str(play.pk), act).position_ms
    except (MediaRefused, CallNotOpen):
        position_ms = _take_up(play) if act == "resume" else play.position_ms
    with transaction.atomic():
        call = lock_call(call_id)
        play = (
            PlayOut.objects.select_for_update(of=("self",)).select_related("event").get(pk=play.pk)
        )
        if play.state not in LIVE_PLAY:
            return play  # it came to its end meanwhile
        play.position_ms = max(play.position_ms, position_ms)
        if act == "stop":
            end_play(play, PlayState.STOPPED, call_ms(call))
            preroll.next_after(call)
        elif play.state != _AFTER[act]:
            play.state, play.held = _AFTER[act], held
            play.save(update_fields=["state", "position_ms", "held"])
            note_audience(call, call_ms(call))
            TimelineEvent.objects.create(
                call=call,
                kind=f"media.{act}d",
                at_ms=call_ms(call),
                payload={"play_id": str(play.pk), "position_ms": play.position_ms},
                created_by=actor.name,
            )
        _note(play, f"playout.{act}", actor)
    return play


def follow_audience(call_id: UUID) -> None:
    """Halt the item that plays to nobody, take up the one that waited. Idempotent.

    Raises what may pass in a moment.
    """
    call = Call.objects.get(pk=call_id)
    play = PlayOut.objects.filter(call=call, state__in=LIVE_PLAY).first()
    if play is None or not call.is_running:
        return
    somebody = bool(customers_present(call))
    with suppress(NothingPlaying, ItemUnavailable, MediaRefused):
        if play.state == PlayState.PLAYING and not somebody:
            control_play(call_id, "pause", actor=SYSTEM, held=True)
        elif play.held and somebody:
            control_play(call_id, "resume", actor=SYSTEM)


def _take_up(play: PlayOut) -> int:
    item = play_out(play.item_id)
    if item is None:
        raise ItemUnavailable
    room, key = room_of(play.call), item_key(play.item_id, item.sha256)
    room.fetch_item(key)
    room.open()
    return room.play(str(play.pk), key, play.title, play.position_ms).position_ms


def _note(play: PlayOut, action: str, actor: Actor, **facts: Any) -> None:
    audit.record(
        action,
        actor=actor,
        object_type="play_out",
        object_id=play.pk,
        chain=audit.interview_chain(play.call.task_id),
        item=play.item_id,
        position_ms=play.position_ms,
        **facts,
    )
    push(call_group(play.call_id), "call.changed")


def note_progress(event: Event) -> None:
    """Where the item is: kept for taking it up again, and shown to everybody."""
    position_ms = int(event.payload.get("position_ms", 0))
    PlayOut.objects.filter(
        pk=event.leg_id or "", state__in=LIVE_PLAY, position_ms__lt=position_ms
    ).update(position_ms=position_ms)
    push(
        call_group(event.call_id),
        "call.playout",
        payload={"id": event.leg_id, "position_ms": position_ms},
    )


def play_ended(call: Call, event: Event) -> None:
    """The worker came to the item's end. The call's row is locked."""
    play = (
        PlayOut.objects.select_for_update(of=("self",))
        .select_related("event")
        .filter(pk=event.leg_id or "", state__in=LIVE_PLAY)
        .first()
    )
    if play is None:
        return
    whole = event.payload.get("outcome") == "ended"
    play.position_ms = (
        play.duration_ms if whole else max(play.position_ms, int(event.payload["position_ms"]))
    )
    end_play(play, PlayState.ENDED if whole else PlayState.STOPPED, max(0, event.at_ms))
    preroll.next_after(call)
    push(call_group(call.pk), "call.changed")
