"""Deadlines of running calls, by the database's clock."""

from django.db import transaction

from common.actor import SYSTEM
from common.clock import db_now
from interviews.models import Participant
from interviews.states import RUNNING, ParticipantRole, ParticipantState

from .calls import end_call, leave_call


def expire_reconnects() -> int:
    """Give up places whose reconnect window has passed (SDK-5). How many.

    A customer's place is left; a seat that does not come back ends the call by policy, with its
    recording kept and the task unchanged.
    """
    overdue = Participant.objects.filter(
        state=ParticipantState.LOST,
        reconnect_until__lt=db_now(),
        call__state__in=RUNNING,
    ).values_list("pk", "call_id", "role")
    count = 0
    for participant_id, call_id, role in list(overdue):
        with transaction.atomic():
            if role == ParticipantRole.SEAT:
                end_call(call_id, actor=SYSTEM, reason="seat_lost")
            else:
                leave_call(participant_id, actor=SYSTEM, reason="reconnect_expired")
        count += 1
    return count
