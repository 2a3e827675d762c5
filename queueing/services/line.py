"""The line: entering, ringing, answering. Lock order: seat, task, request, offer."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from appointments import services as appointments
from appointments.selectors import due_appointments
from audit import services as audit
from common.actor import SYSTEM, Actor
from common.clock import db_now
from common.faultpoint import faultpoint
from common.push import QUEUE_GROUP, party_group, push, request_group, seat_group
from interviews import services as interviews
from interviews.errors import RoomFull
from interviews.models import Call
from interviews.policy import require_video_allowed
from interviews.states import RUNNING
from media_worker.selectors import has_media_room, require_disk_room
from parameters.selectors import value_of
from queueing.decide import plan
from queueing.errors import OfferGone
from queueing.models import CallRequest, Offer
from queueing.selectors import (
    appointment_in_slot,
    candidates_now,
    policy_of,
    version_in_force,
    waiting_now,
    waiting_views,
)
from queueing.states import IN_LINE, REQUEST_MACHINE, OfferState, RequestMove, RequestState
from seats import services as seats
from seats.models import Seat
from seats.states import Presence

ABANDON_AFTER = dt.timedelta(seconds=60)
# One dispatcher at a time: two of them could serve a younger request first.
DISPATCH_LOCK = 0x64697370
NEXT_LOCK = 0x6E657874


@dataclass(frozen=True, slots=True)
class CallInResult:
    """Either a place in the running call of the task or a place in the line."""

    request_id: UUID | None = None
    participant_id: UUID | None = None


@transaction.atomic
def call_in(task_id: UUID, *, party_id: UUID, channel_code: str, actor: Actor) -> CallInResult:
    """A party calls (SDK-2): into the task's running call, else into the line. Idempotent.

    Raises ConsentMissing, VideoNotAllowed, RoomFull, TaskClosed; SpoolFull when no recording of it
    could be kept.
    """
    task = interviews.lock_task(task_id)
    interviews.require_consent(party_id)
    require_video_allowed(task)
    place = interviews.join_call(task_id, party_id=party_id, actor=actor)
    if place is not None:
        return CallInResult(participant_id=place.pk)
    interviews.require_open(task)
    appointments.note_arrivals([task_id])
    # The task is locked: nobody else enters this party.
    request = CallRequest.objects.filter(party_id=party_id, state__in=IN_LINE).first()
    if request is not None:
        touch(request.pk)
    else:
        require_disk_room()
        request = CallRequest.objects.create(
            task=task, party_id=party_id, channel_code=channel_code, state=RequestState.WAITING
        )
        audit.record(
            "request.entered",
            actor=actor,
            object_type="request",
            object_id=request.pk,
            chain=audit.interview_chain(task_id),
            channel=channel_code,
        )
        faultpoint("request.entered")
        push(QUEUE_GROUP, "queue.changed")
    transaction.on_commit(dispatch_waiting)
    return CallInResult(request_id=request.pk)


def touch(request_id: UUID) -> None:
    """The customer's socket lives."""
    CallRequest.objects.filter(pk=request_id, state__in=IN_LINE).update(seen_at=timezone.now())


def move_request(request: CallRequest, move: RequestMove) -> None:
    """One move of a request whose row is locked."""
    request.state = REQUEST_MACHINE.after(RequestState(request.state), move)
    if request.state not in IN_LINE:
        request.closed_at = timezone.now()
    request.save(update_fields=["state", "closed_at", "call", "trace"])
    faultpoint("request.moved")
    push(request_group(request.pk), "request.changed")
    push(QUEUE_GROUP, "queue.changed")


def abandon(request_id: UUID, *, actor: Actor, reason: str = "left") -> None:
    """The customer goes away before being answered; a ringing seat is free again. Idempotent."""
    while not _abandon(request_id, actor=actor, reason=reason):
        pass  # it began to ring, or at another seat, between the look and the locks: look again


@transaction.atomic
def _abandon(request_id: UUID, *, actor: Actor, reason: str) -> bool:
    """False, and nothing changed, when the seat that rings is not the one that was locked."""
    offer = Offer.objects.filter(request_id=request_id, state=OfferState.RINGING).first()
    seat = seats.lock_seat(offer.seat_id) if offer else None
    request = CallRequest.objects.select_for_update(of=("self",)).get(pk=request_id)
    if request.state not in IN_LINE:
        return True
    ringing = Offer.objects.filter(request=request, state=OfferState.RINGING).first()
    if ringing is not None:
        if seat is None or ringing.seat_id != seat.pk:
            return False
        close_offer(ringing, OfferState.WITHDRAWN)
        if seats.presence_is(seat, Presence.OFFERED):
            seats.withdraw_offer(seat)
    move_request(request, RequestMove.ABANDON)
    audit.record(
        "request.abandoned",
        actor=actor,
        object_type="request",
        object_id=request.pk,
        chain=audit.interview_chain(request.task_id),
        reason=reason,
    )
    transaction.on_commit(dispatch_waiting)
    return True


def close_offer(offer: Offer, state: OfferState) -> None:
    offer.state = state
    offer.closed_at = timezone.now()
    offer.save(update_fields=["state", "closed_at"])
    faultpoint("offer.closed")


def dispatch_waiting() -> int:
    """Offer waiting requests to free seats until nothing fits. How many were offered.

    None while no media worker has room: a seat that answers must not be the one who learns it. None
    either when another already waits for the dispatcher's place: that one reads after us.
    """
    faultpoint("dispatch.begun")
    if not CallRequest.objects.filter(state=RequestState.WAITING).exists():
        return 0
    count, missed = 0, int(has_media_room())
    while missed:
        with _next_dispatcher() as step_up:
            if step_up is None:
                return count
            made, missed = _offer_round(step_up)
            count += made
    return count


@contextmanager
def _next_dispatcher() -> Iterator[Callable[[], None] | None]:
    """The one place behind the running dispatcher; None when it is taken.

    At a rush each look serves all who came before it, instead of one look each. The place is given
    up by calling what is yielded; a session's lock, because it ends before the transaction does.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [NEXT_LOCK])
        row = cursor.fetchone()
    if row is None or not row[0]:
        yield None
        return
    held = True

    def step_up() -> None:
        nonlocal held
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [NEXT_LOCK])
        held = False

    try:
        yield step_up
    finally:
        if held:
            step_up()


@transaction.atomic
def _offer_round(step_up: Callable[[], None]) -> tuple[int, int]:
    """One look at the line and the seats, and the offers it leads to: how many, how many failed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [DISPATCH_LOCK])
    step_up()
    requests = {str(request.pk): request for request in waiting_now()}
    if not requests:
        return 0, 0
    now = timezone.now()
    version, due = version_in_force(), due_appointments(now)
    policy = policy_of(version)
    line = waiting_views(list(requests.values()), [policy], due)
    planned = list(plan(line, candidates_now(due), policy, now_s=now.timestamp()))
    faultpoint("dispatch.planned")
    chosen = {d.seat_id for _w, d in planned if d.seat_id is not None}
    # All seats before any request: the lock order holds however many offers a round makes.
    locked = {pk: seats.lock_seat(pk) for pk in sorted(chosen)}
    made, told = 0, []
    for waiting, decision in planned:
        request = requests[waiting.request_id]
        trace = decision.trace | {"version": version.number if version else 0}
        if decision.seat_id is not None:
            # What changed under the look (a seat that paused) is looked at again in the next round.
            made += _offer(request, locked[decision.seat_id], trace)
        elif request.trace != trace:
            request.trace = trace
            told.append(request)
    CallRequest.objects.filter(state=RequestState.WAITING).bulk_update(told, ["trace"])
    return made, len(chosen) - made if made else 0


def ring(request: CallRequest, seat: Seat, trace: dict[str, object]) -> Offer | None:
    """A ringing offer; None when the seat or the request has one: the constraints know best."""
    rings_s = value_of(
        "offer_s", channel_code=request.channel_code, product_code=request.task.product_code
    )
    deadline_at = Now() + dt.timedelta(seconds=rings_s)
    try:
        with transaction.atomic():
            return Offer.objects.create(
                request=request, seat=seat, deadline_at=deadline_at, trace=trace
            )
    except IntegrityError:
        return None


def _offer(seen: CallRequest, seat: Seat, trace: dict[str, object]) -> bool:
    request = CallRequest.objects.select_for_update(of=("self",)).get(pk=seen.pk)
    if request.state != RequestState.WAITING or not seats.presence_is(seat, Presence.READY):
        return False
    request.task = seen.task
    offer = ring(request, seat, trace)
    if offer is None:
        return False
    faultpoint("offer.created")
    seats.mark_offered(seat)
    request.trace = trace
    move_request(request, RequestMove.OFFER)
    audit.record(
        "offer.made",
        actor=SYSTEM,
        object_type="offer",
        object_id=offer.pk,
        chain=audit.interview_chain(request.task_id),
        seat=seat.staff_no,
        rule=trace.get("rule", ""),
    )
    faultpoint("offer.made")
    return True


@transaction.atomic
def accept_offer(offer_id: UUID, *, seat_id: int, actor: Actor) -> Call:
    """The seat answers: the call opens and everybody of the task who waits enters it.

    Raises OfferGone when another act was faster; nothing changed then.
    """
    offer = Offer.objects.filter(pk=offer_id, seat_id=seat_id).select_related("request").first()
    if offer is None:
        raise OfferGone
    booked = appointment_in_slot(offer.request, due_appointments(timezone.now()))
    giver_id = booked.seat_id if booked else seat_id
    seat = {pk: seats.lock_seat(pk) for pk in sorted({seat_id, giver_id})}[seat_id]
    interviews.lock_task(offer.request.task_id)
    request = CallRequest.objects.select_for_update(of=("self",)).get(pk=offer.request_id)
    offer = Offer.objects.select_for_update(of=("self",)).get(pk=offer_id)
    if (
        offer.state != OfferState.RINGING
        or offer.deadline_at < db_now()
        or request.state != RequestState.OFFERED
    ):
        raise OfferGone
    if booked is not None and giver_id != seat_id:
        # Handed over: now that it is answered, the appointment goes along, where the slot is free.
        appointments.reassign({booked.pk: seat_id}, actor=actor)
    call = interviews.open_call(request.task_id, seat=seat, party_id=request.party_id, actor=actor)
    faultpoint("offer.call_opened")
    seats.enter_call(seat, actor=actor)
    close_offer(offer, OfferState.ACCEPTED)
    _connect(request, call)
    companions = CallRequest.objects.select_for_update(of=("self",)).filter(
        task_id=request.task_id, state=RequestState.WAITING
    )
    for companion in companions:
        _enter(companion)
    audit.record(
        "offer.accepted",
        actor=actor,
        object_type="offer",
        object_id=offer.pk,
        chain=audit.interview_chain(call.task_id),
        call=str(call.pk),
    )
    faultpoint("offer.accepted")
    return call


def _connect(request: CallRequest, call: Call) -> None:
    request.call = call
    move_request(request, RequestMove.CONNECT)
    faultpoint("request.connected")
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
    close_offer(offer, state)
    if seats.presence_is(seat, Presence.OFFERED):
        seats.mark_missed(seat)
    if request.state == RequestState.OFFERED:
        move_request(request, RequestMove.RETURN)  # arrived_at is unchanged: it keeps its place
    audit.record(
        f"offer.{state.value.lower()}",
        actor=actor,
        object_type="offer",
        object_id=offer.pk,
        chain=audit.interview_chain(request.task_id),
        seat=seat.staff_no,
    )
    faultpoint("offer.returned")
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
    closed = CallRequest.objects.filter(state__in=IN_LINE, task__superseded_at__isnull=False)
    for request_id in list(closed.values_list("pk", flat=True)):
        abandon(request_id, actor=SYSTEM, reason="superseded")
    # Somebody of the task got connected meanwhile: the others need not wait.
    behind = CallRequest.objects.filter(
        state=RequestState.WAITING,
        task__in=Call.objects.filter(state__in=RUNNING).values("task"),
    )
    for request_id in list(behind.values_list("pk", flat=True)):
        _enter_running(request_id)
    # Who came before the slot and still waits has arrived when it begins.
    appointments.note_arrivals(CallRequest.objects.filter(state__in=IN_LINE).values("task"))
    dispatch_waiting()


@transaction.atomic
def _enter_running(request_id: UUID) -> None:
    request = CallRequest.objects.select_for_update(of=("self",)).get(pk=request_id)
    if request.state == RequestState.WAITING:
        _enter(request)


def _enter(waiting: CallRequest) -> None:
    """Into the running call of the task; who finds no place there waits on, and nobody else does."""
    try:
        place = interviews.join_call(waiting.task_id, party_id=waiting.party_id, actor=SYSTEM)
    except RoomFull:
        return
    if place is not None:
        _connect(waiting, place.call)
