"""Deadlines of running calls, by the database's clock."""

import logging
from collections.abc import Callable, Iterable
from uuid import UUID

from django.db import transaction

from common.actor import SYSTEM
from common.clock import db_now
from interviews.models import Call, Participant
from interviews.states import AWAITED, RUNNING, ParticipantRole, ParticipantState
from seats import services as seats

from .calls import end_call, leave_call, lock_call

logger = logging.getLogger(__name__)


def expire_reconnects() -> int:
    """Give up places in which nobody was connected in time, at first or again (SDK-5). How many.

    A customer's place is left; a seat that does not come, or come back, ends the call by policy,
    with its recording kept and the task unchanged.
    """
    overdue = Participant.objects.filter(
        state__in=AWAITED, reconnect_until__lt=db_now(), call__state__in=RUNNING
    ).values_list("pk", flat=True)
    return _each(overdue, _give_up)


def end_deserted() -> int:
    """End the calls whose last customer is gone and whose seat did not choose to wait. How many."""
    overdue = Call.objects.filter(state__in=RUNNING, deserted_until__lt=db_now())
    return _each(overdue.values_list("pk", flat=True), _end_deserted)


def _each(rows: Iterable[UUID], act: Callable[[UUID], bool]) -> int:
    done = 0
    for pk in list(rows):
        try:
            done += act(pk)
        except Exception:
            # The deadlines behind it must be kept whatever is wrong with this one.
            logger.exception("%s: %s failed, trying again", pk, act.__name__)
    return done


@transaction.atomic
def _give_up(participant_id: UUID) -> bool:
    """False for who came, or whose call ended, before its row was ours."""
    place = Participant.objects.select_related("call").get(pk=participant_id)
    is_seat = place.role == ParticipantRole.SEAT
    if is_seat:
        seats.lock_seat(place.call.seat_id)
    call = lock_call(place.call_id)
    overdue = Participant.objects.filter(
        pk=place.pk, state__in=AWAITED, reconnect_until__lt=db_now()
    ).first()
    if not call.is_running or overdue is None:
        return False
    if is_seat:
        end_call(call.pk, actor=SYSTEM, reason="seat_lost")
    else:
        was_lost = overdue.state == ParticipantState.LOST
        reason = "reconnect_expired" if was_lost else "never_connected"
        leave_call(place.pk, actor=SYSTEM, reason=reason)
    return True


@transaction.atomic
def _end_deserted(call_id: UUID) -> bool:
    """False when a customer came, or the seat waits on, before the row was ours."""
    seats.lock_seat(Call.objects.values_list("seat_id", flat=True).get(pk=call_id))
    call = lock_call(call_id)
    until = call.deserted_until
    if not call.is_running or until is None or until >= db_now():
        return False
    end_call(call_id, actor=SYSTEM, reason="no_customer")
    return True
