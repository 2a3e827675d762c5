"""A supervisor in a running call: seen and heard by everybody, or listening only."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from audit import services as audit
from common.actor import Actor
from common.push import call_group, push
from interviews import policy
from interviews.errors import CallOver, SupervisesItself, SupervisionFull
from interviews.models import Participant, TimelineEvent
from interviews.states import ParticipantRole, ParticipantState

from .calls import call_ms, kept_until, leave_call, leave_locked, lock_call


@transaction.atomic
def start_supervision(call_id: UUID, *, user: User, silent: bool, actor: Actor) -> Participant:
    """The supervisor's place for one stay; the same place again while the stay lasts.

    Who listens and now wants to join, or the other way round, ends the one stay and begins another.
    Who joins is always shown to the customers; who listens as the parameter `tell_of_listening`
    says. Raises CallOver, SupervisesItself, SupervisionFull.
    """
    call = lock_call(call_id)
    if not call.is_running:
        raise CallOver
    if call.seat.user_id == user.pk:
        raise SupervisesItself
    there = Participant.objects.filter(call=call, role=ParticipantRole.SUPERVISOR).exclude(
        state=ParticipantState.LEFT
    )
    own = there.filter(user=user).first()
    if own is not None and own.silent == silent:
        return own
    most = policy.MAX_LISTENERS if silent else policy.MAX_SUPERVISORS
    if there.filter(silent=silent).count() >= most:
        raise SupervisionFull
    if own is not None:
        leave_locked(call, own, "changed")
    place = Participant.objects.create(
        call=call,
        role=ParticipantRole.SUPERVISOR,
        user=user,
        silent=silent,
        told=not silent or policy.tells_of_listening(call.task),
        reconnect_until=kept_until(call.task, ParticipantState.INVITED),
    )
    TimelineEvent.objects.create(
        call=call,
        kind="supervision",
        at_ms=call_ms(call),
        participant=place,
        payload={"silent": silent, "told": place.told},
        created_by=actor.name,
    )
    audit.record(
        "supervision.listening" if silent else "supervision.joined",
        actor=actor,
        object_type="call",
        object_id=call.pk,
        chain=audit.interview_chain(call.task_id),
        participant=str(place.pk),
        told=place.told,
    )
    push(call_group(call.pk), "call.changed")
    return place


def end_supervision(participant_id: UUID, *, actor: Actor, reason: str) -> None:
    """The stay is over: by oneself, by another supervisor, or because the right was lost.

    Idempotent.
    """
    place = Participant.objects.get(pk=participant_id, role=ParticipantRole.SUPERVISOR)
    leave_call(place.pk, actor=actor, reason=reason)
