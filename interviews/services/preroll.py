"""What plays by itself when both sides are there; the seat is heard when it has finished (MKT-2)."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from common.actor import SYSTEM
from interviews.errors import AlreadyPlaying, CallOver, ItemUnavailable
from interviews.models import Call, InterviewTask, Participant, TimelineEvent
from interviews.states import CallMove, CallState, ParticipantRole
from marketing_media.models import ProductMedia
from marketing_media.selectors import items_for
from media_worker.gateway import ItemOnItsWay, MediaRefused, MediaUnavailable
from outbox.services import publish

from .calls import advance_call, call_ms, lock_call
from .media import room_of

# What fails is tried again only within so many ms: nobody waits for it longer than about 20 s.
TRIED_FOR_MS = 10_000
# What is on its way to the worker comes: a large item over a poor line, a minute at most.
AWAITED_FOR_MS = 60_000


def items_before(task: InterviewTask) -> list[ProductMedia]:
    return [row for row in items_for(task.product_code) if row.auto_play]


def begin(call: Call) -> None:
    """Both sides are there: play what has to be seen first, or talk. The call's row is locked."""
    if items_before(call.task):
        advance_call(call, CallMove.PREROLL, actor=SYSTEM)
        next_after(call)
    else:
        call.live_at = timezone.now()
        advance_call(call, CallMove.GO_LIVE, actor=SYSTEM)


def next_after(call: Call) -> None:
    """One item is over, or none has begun; inside the transaction of that change."""
    if call.state == CallState.PREROLL:
        publish("call.preroll", key=str(call.pk), call_id=str(call.pk), at_ms=call_ms(call))


def play_next(call_id: UUID, *, since_ms: int = 0) -> None:
    """Start the next item, or let the seat be heard. Idempotent; raises what may pass in a moment.

    `since_ms`: when that was first asked for. An item that cannot be played holds nobody up; the
    timeline says so.
    """
    from .playout import start_play  # that module goes on with the next item

    call = Call.objects.select_related("task").get(pk=call_id)
    if call.state != CallState.PREROLL:
        return
    room_of(call).mute(str(_seat_of(call).pk), muted=True)
    failed = call.events.filter(kind="media.failed").values_list("payload__item_id", flat=True)
    over = {*call.play_outs.values_list("item_id", flat=True), *failed}
    for row in items_before(call.task):
        if row.item_id in over:
            continue
        try:
            start_play(call_id, row.item_id, actor=SYSTEM)
        except (AlreadyPlaying, CallOver):
            return
        except (MediaRefused, MediaUnavailable, ItemUnavailable) as failure:
            is_coming = isinstance(failure, ItemOnItsWay)
            patience_ms = AWAITED_FOR_MS if is_coming else TRIED_FOR_MS
            if failure.retryable and call_ms(call) - since_ms < patience_ms:
                raise
            TimelineEvent.objects.create(
                call=call,
                kind="media.failed",
                at_ms=call_ms(call),
                payload={"title": row.item.title, "item_id": row.item_id},
            )
        else:
            return
    _go_live(call)


def _go_live(call: Call) -> None:
    if call.play_outs.filter(state__in=("PLAYING", "PAUSED")).exists():
        return
    room_of(call).mute(str(_seat_of(call).pk), muted=_seat_of(call).muted)
    with transaction.atomic():
        call = lock_call(call.pk)
        if call.state == CallState.PREROLL:
            call.live_at = timezone.now()
            advance_call(call, CallMove.GO_LIVE, actor=SYSTEM)


def _seat_of(call: Call) -> Participant:
    return Participant.objects.get(call=call, role=ParticipantRole.SEAT)
