"""Deadlines of running calls, by the database's clock."""

import logging
from uuid import UUID

from django.db import transaction

from common.actor import SYSTEM
from common.clock import db_now
from interviews.models import Participant
from interviews.states import RUNNING, ParticipantRole, ParticipantState
from seats import services as seats

from .calls import end_call, leave_call, lock_call

logger = logging.getLogger(__name__)


def expire_reconnects() -> int:
    """Give up places whose reconnect window has passed (SDK-5). How many.

    A customer's place is left; a seat that does not come back ends the call by policy, with its
    recording kept and the task unchanged.
    """
    overdue = Participant.objects.filter(
        state=ParticipantState.LOST,
        reconnect_until__lt=db_now(),
        call__state__in=RUNNING,
    ).values_list("pk", flat=True)
    given_up = 0
    for participant_id in list(overdue):
        try:
            given_up += _give_up(participant_id)
        except Exception:
            # The places behind it must be given up whatever is wrong with this one.
            logger.exception("participant=%s was not given up, trying again", participant_id)
    return given_up


@transaction.atomic
def _give_up(participant_id: UUID) -> bool:
    """False for who came back, or whose call ended, before its row was ours."""
    place = Participant.objects.select_related("call").get(pk=participant_id)
    is_seat = place.role == ParticipantRole.SEAT
    if is_seat:
        seats.lock_seat(place.call.seat_id)
    call = lock_call(place.call_id)
    is_overdue = Participant.objects.filter(
        pk=place.pk, state=ParticipantState.LOST, reconnect_until__lt=db_now()
    ).exists()
    if not (call.is_running and is_overdue):
        return False
    if is_seat:
        end_call(call.pk, actor=SYSTEM, reason="seat_lost")
    else:
        leave_call(place.pk, actor=SYSTEM, reason="reconnect_expired")
    return True
