"""The line: entering, ringing, answering. Lock order: seat, task, request, offer."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audit import services as audit
from common.actor import SYSTEM, Actor
from common.clock import db_now
from common.push import QUEUE_GROUP, party_group, push, request_group, seat_group
from interviews import services as interviews
from interviews.models import Call, InterviewTask
from interviews.selectors import live_call_of
from parameters.selectors import value_of
from seats import services as seats
from seats.states import Presence

from .decide import decide
from .errors import OfferGone
from .models import CallRequest, Offer
from .selectors import candidates_for, rules_in_force, waiting_in_order, waiting_view
from .states import IN_LINE, REQUEST_MACHINE, OfferState, RequestMove, RequestState

ABANDON_AFTER = dt.timedelta(seconds=60)
# One dispatcher at a time: two of them could serve a younger request first.
DISPATCH_LOCK = 0x64697370


@dataclass(frozen=True, slots=True)
class CallInResult:
    """Either a place in the running call of the task or a place in the line."""

    request_id: UUID | None = None
    participant_id: UUID | None = None


@transaction.atomic
def call_in(task_id: UUID, *, party_id: UUID, channel_code: str, actor: Actor) -> CallInResult:
    """A party calls (SDK-2): into the task's running call, else into the line. Idempotent.

    Raises ConsentMissing, RoomFull, TaskClosed.
    """
    task = InterviewTask.objects.select_for_update(of=("self",)).get(pk=task_id)
    interviews.require_consent(party_id)
    place = interviews.join_call(task_id, party_id=party_id, actor=actor)
    if place is not None:
        return CallInResult(participant_id=place.pk)
    interviews.require_open(task)
    request, created = CallRequest.objects.get_or_create(
        party_id=party_id,
        state__in=IN_LINE,
        defaults={"task": task, "channel_code": channel_code, "state": RequestState.WAITING},
    )
    if created:
        audit.record(
            "request.entered",
            actor=actor,
            object_type="request",
            object_id=request.pk,
            chain=audit.interview_chain(task_id),
            channel=channel_code,
        )
        push(QUEUE_GROUP, "queue.changed")
    else:
        touch(request.pk)
    transaction.on_commit(dispatch_waiting)
    return CallInResult(request_id=request.pk)


def touch(request_id: UUID) -> None:
    """The customer's socket lives."""
    CallRequest.objects.filter(pk=request_id, state__in=IN_LINE).update(seen_at=timezone.now())


def _move(request: CallRequest, move: RequestMove) -> None:
    request.state = REQUEST_MACHINE.after(RequestState(request.state), move)
    if request.state not in IN_LINE:
        request.closed_at = timezone.now()
    request.save()
    push(request_group(request.pk), "request.changed")
    push(QUEUE_GROUP, "queue.changed")


@transaction.atomic
def abandon(request_id: UUID, *, actor: Actor, reason: str = "left") -> None:
    """The customer goes away before being answered; a ringing seat is free again. Idempotent."""
    offer = Offer.objects.filter(request_id=request_id, state=OfferState.RINGING).first()
    seat = seats.lock_seat(offer.seat_id) if offer else None
    request = CallRequest.objects.select_for_update(of=("self",)).get(pk=request_id)
    if request.state not in IN_LINE:
        return
    ringing = Offer.objects.filter(request=request, state=OfferState.RINGING).first()
    if ringing is not None and seat is not None and ringing.seat_id == seat.pk:
        _close_offer(ringing, OfferState.WITHDRAWN)
        if seats.presence_is(seat, Presence.OFFERED):
            seats.withdraw_offer(seat)
    _move(request, RequestMove.ABANDON)
    audit.record(
        "request.abandoned",
        actor=actor,
        object_type="request",
        object_id=request.pk,
        chain=audit.interview_chain(request.task_id),
        reason=reason,
    )
    transaction.on_commit(dispatch_waiting)


def _close_offer(offer: Offer, state: OfferState) -> None:
    offer.state = state
    offer.closed_at = timezone.now()
    offer.save(update_fields=["state", "closed_at"])


def dispatch_waiting() -> int:
    """Offer waiting requests to free seats until nothing fits. How many were offered."""
    count = 0
    while _offer_next():
        count += 1
    return count


@transaction.atomic
def _offer_next() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [DISPATCH_LOCK])
    rules = rules_in_force()
    for request in waiting_in_order():
        decision = decide(
            waiting_view(request),
            candidates_for(request),
            rules,
            seed=f"{request.pk}:{request.offers.count()}",
        )
        if decision.seat_id is not None and _offer(request.pk, decision.seat_id, decision.trace):
            return True
        if request.trace != decision.trace:
            CallRequest.objects.filter(pk=request.pk).update(trace=decision.trace)
    return False


def _ringing_s(request: CallRequest) -> int:
    return value_of(
        "offer_s", channel_code=request.channel_code, product_code=request.task.product_code
    )


def _offer(request_id: UUID, seat_id: int, trace: dict[str, object]) -> bool:
    seat = seats.lock_seat(seat_id)
    request = CallRequest.objects.select_for_update(of=("self",)).get(pk=request_id)
    if request.state != RequestState.WAITING or not seats.presence_is(seat, Presence.READY):
        return False
    try:
        with transaction.atomic():
            offer = Offer.objects.create(
                request=request,
                seat=seat,
                deadline_at=db_now() + dt.timedelta(seconds=_ringing_s(request)),
                trace=trace,
            )
    except IntegrityError:
        return False  # the constraint knows better than the read before it
    seats.mark_offered(seat)
    request.trace = trace
    _move(request, RequestMove.OFFER)
    audit.record(
        "offer.made",
        actor=SYSTEM,
        object_type="offer",
        object_id=offer.pk,
        chain=audit.interview_chain(request.task_id),
        seat=seat.staff_no,
        rule=trace.get("rule", ""),
    )
    return True


@transaction.atomic
def accept_offer(offer_id: UUID, *, seat_id: int, actor: Actor) -> Call:
    """The seat answers: the call opens and everybody of the task who waits enters it.

    Raises OfferGone when another act was faster; nothing changed then.
    """
    seat = seats.lock_seat(seat_id)
    offer = Offer.objects.filter(pk=offer_id, seat_id=seat_id).select_related("request").first()
    if offer is None:
        raise OfferGone
    interviews.lock_task(offer.request.task_id)
    request = CallRequest.objects.select_for_update(of=("self",)).get(pk=offer.request_id)
    offer = Offer.objects.select_for_update(of=("self",)).get(pk=offer_id)
    if (
        offer.state != OfferState.RINGING
        or offer.deadline_at < db_now()
        or request.state != RequestState.OFFERED
    ):
        raise OfferGone
    call = interviews.open_call(request.task_id, seat=seat, party_id=request.party_id, actor=actor)
    seats.enter_call(seat, actor=actor)
    _close_offer(offer, OfferState.ACCEPTED)
    _connect(request, call)
    companions = CallRequest.objects.select_for_update(of=("self",)).filter(
        task_id=request.task_id, state=RequestState.WAITING
    )
    for companion in companions:
        if interviews.join_call(call.task_id, party_id=companion.party_id, actor=SYSTEM):
            _connect(companion, call)
    audit.record(
        "offer.accepted",
        actor=actor,
        object_type="offer",
        object_id=offer.pk,
        chain=audit.interview_chain(call.task_id),
        call=str(call.pk),
    )
    return call


def _connect(request: CallRequest, call: Call) -> None:
    request.call = call
    _move(request, RequestMove.CONNECT)
    push(party_group(request.party_id), "party.changed")


@transaction.atomic
def decline_offer(offer_id: UUID, *, seat_id: int, actor: Actor) -> None:
    """The seat does not take it: 示忙, and the call is back at its place. Raises OfferGone."""
    _end_ringing(offer_id, seat_id, OfferState.DECLINED, actor)


def _end_ringing(offer_id: UUID, seat_id: int, state: OfferState, actor: Actor) -> None:
    seat = seats.lock_seat(seat_id)
    found = Offer.objects.filter(pk=offer_id, seat_id=seat_id).first()
    if found is None:
        raise OfferGone
    request = CallRequest.objects.select_for_update(of=("self",)).get(pk=found.request_id)
    offer = Offer.objects.select_for_update(of=("self",)).get(pk=offer_id)
    if offer.state != OfferState.RINGING:
        raise OfferGone
    _close_offer(offer, state)
    if seats.presence_is(seat, Presence.OFFERED):
        seats.mark_missed(seat)
    if request.state == RequestState.OFFERED:
        _move(request, RequestMove.RETURN)  # arrived_at is unchanged: it keeps its place
    audit.record(
        f"offer.{state.value.lower()}",
        actor=actor,
        object_type="offer",
        object_id=offer.pk,
        chain=audit.interview_chain(request.task_id),
        seat=seat.staff_no,
    )
    push(seat_group(seat.pk), "seat.changed")
    transaction.on_commit(dispatch_waiting)


def sweep() -> None:
    """Deadlines by the database's clock: missed offers, requests nobody stands behind."""
    now = db_now()
    overdue = Offer.objects.filter(state=OfferState.RINGING, deadline_at__lt=now)
    for offer_id, seat_id in list(overdue.values_list("pk", "seat_id")):
        try:
            with transaction.atomic():
                _end_ringing(offer_id, seat_id, OfferState.MISSED, SYSTEM)
        except OfferGone:
            continue  # answered between the look and the lock
    gone = CallRequest.objects.filter(state__in=IN_LINE, seen_at__lt=now - ABANDON_AFTER)
    for request_id in list(gone.values_list("pk", flat=True)):
        abandon(request_id, actor=SYSTEM, reason="connection_lost")
    closed = CallRequest.objects.filter(
        state=RequestState.WAITING, task__superseded_at__isnull=False
    )
    for request_id in list(closed.values_list("pk", flat=True)):
        abandon(request_id, actor=SYSTEM, reason="superseded")
    for request in CallRequest.objects.filter(state=RequestState.WAITING):
        if live_call_of(request.task_id) is not None:
            _enter_running(request)
    dispatch_waiting()


@transaction.atomic
def _enter_running(waiting: CallRequest) -> None:
    """Somebody of the task got connected meanwhile: the others need not wait."""
    request = CallRequest.objects.select_for_update(of=("self",)).get(pk=waiting.pk)
    if request.state != RequestState.WAITING:
        return
    place = interviews.join_call(request.task_id, party_id=request.party_id, actor=SYSTEM)
    if place is not None:
        _connect(request, place.call)
