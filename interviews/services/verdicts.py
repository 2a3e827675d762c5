"""The seat's opinion after the call (WB-10)."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from common.actor import Actor
from common.faultpoint import faultpoint
from interviews.errors import ReasonRequired
from interviews.models import Call
from interviews.states import CallMove, Verdict
from outbox.services import publish
from seats import services as seats

from .calls import advance_call, lock_call
from .tasks import lock_task, require_passable, settle_task


@transaction.atomic
def file_verdict(call_id: UUID, *, verdict: Verdict, actor: Actor, note: str = "") -> Call:
    """Record the seat's opinion and, for 通过, tell the credit system (WB-10).

    Raises PartiesMissing when 通过 is asked for while someone was not interviewed (CRD-4),
    ReasonRequired for 存疑 without a reason, IllegalMove when it was filed before, TaskClosed
    when 通过 is asked for a task that was settled or superseded meanwhile.
    """
    seat_id, task_id = Call.objects.values_list("seat_id", "task_id").get(pk=call_id)
    seats.lock_seat(seat_id)
    task = lock_task(task_id)
    call = lock_call(call_id)
    if verdict is Verdict.DOUBT and not note.strip():
        raise ReasonRequired
    call.verdict = verdict
    call.verdict_note = note.strip()[:500]
    call.filed_at = timezone.now()
    advance_call(call, CallMove.FILE, actor=actor, verdict=verdict.value)
    if verdict is Verdict.PASS:
        require_passable(task)
        settle_task(task.pk, passed=True, actor=actor)
    publish(
        "verdict.filed",
        key=str(task.pk),
        call_id=str(call.pk),
        task_id=str(task.pk),
        verdict=verdict.value,
        note=call.verdict_note,
        seat_id=str(seat_id),
    )
    faultpoint("verdict.filed")
    seats.finish_wrap_up(seat_id, actor=actor)
    return call
