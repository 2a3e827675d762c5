"""旁听 and 加入: what a supervisor sees of a running call, and may do there."""

from typing import Any
from uuid import UUID

from accounts.models import User
from accounts.selectors import visible
from common.clock import unix_ms
from common.errors import NotFound
from interviews.models import Call, Participant
from interviews.policy import tells_of_listening
from interviews.selectors import call_view
from interviews.states import ParticipantRole, ParticipantState
from scripts_mgmt.selectors import script_for

OPERATION = "seats.supervise"


def supervised_call(user: User, call_id: UUID) -> Call:
    """The call, when its seat is in the person's scope. Raises NotFound."""
    calls = Call.objects.filter(visible(user, OPERATION, owner="seat__user"))
    call = calls.select_related("task", "seat__user").filter(pk=call_id).first()
    if call is None:
        raise NotFound
    return call


def stay_of(call: Call, user: User) -> Participant | None:
    """The person's own place in the call, while the stay lasts."""
    places = Participant.objects.filter(call=call, user=user)
    return places.exclude(state=ParticipantState.LEFT).first()


def supervisor_in(call: Call, participant_id: UUID) -> Participant:
    """Raises NotFound for anybody who is no supervisor of this call."""
    place = Participant.objects.filter(
        pk=participant_id, call=call, role=ParticipantRole.SUPERVISOR
    ).first()
    if place is None:
        raise NotFound
    return place


def supervision_state(call: Call, user: User) -> dict[str, Any]:
    """The one message the page is derived from.

    The call itself only while the person is in it: who only looks which call it is sees no customer.
    """
    own = stay_of(call, user)
    task = call.task
    script = script_for(task.channel_code, task.product_code, task.business_type)
    return {
        "seat": {"name": call.seat.user.name, "staff_no": call.seat.user.staff_no},
        "product_name": task.product_name,
        "state": call.state,
        "state_label": str(call.call_state.label),
        "is_running": call.is_running,
        "since_unix_ms": unix_ms(call.live_at or call.clock_started_at),
        "tells_of_listening": tells_of_listening(task),
        "steps": script.steps.count() if script else 0,
        "own": {"id": str(own.pk), "silent": own.silent, "muted": own.muted} if own else None,
        "call": call_view(call.pk, for_seat=True) if own else None,
    }


def remote_slots(call: Call) -> int:
    """The slots of a supervisor's connection: everybody, the share, the play-out, who else joined."""
    return max(1, min(8, call.task.parties.count())) + 4
