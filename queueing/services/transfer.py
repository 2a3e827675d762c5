"""转出: a case that is not connected yet goes to another seat (WB-2, DSP-2)."""

import random
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.selectors import due_appointments
from audit import services as audit
from common.actor import Actor
from common.faultpoint import faultpoint
from common.push import push, seat_group
from interviews import services as interviews
from queueing.errors import NobodyFree, NotTransferable, OfferGone, SeatNotReady
from queueing.models import CallRequest, Offer
from queueing.selectors import appointment_in_slot, transfer_options
from queueing.states import OfferState, RequestMove, RequestState
from seats import services as seats
from seats.states import Presence

from .line import close_offer, dispatch_waiting, move_request, ring


@transaction.atomic
def transfer(request_id: UUID, *, from_seat_id: int, to_seat_id: int | None, actor: Actor) -> Offer:
    """Ring at another seat that is free in the slot: a named one, or one at random (None).

    The one that is asked may accept or decline like any offer; the case then goes back to its place
    in the line. An appointment moves when it is accepted. Raises NotTransferable (connected, or not this
    seat's), NobodyFree, SeatNotReady; nothing changed then.
    """
    seen = CallRequest.objects.select_related("task").filter(pk=request_id).first()
    if seen is None:
        raise NotTransferable
    options = transfer_options(seen, from_seat_id)
    if to_seat_id is None:
        if not options:
            raise NobodyFree
        # Fairness, not secrecy.
        to_seat_id = random.choice([seat.pk for seat in options])  # noqa: S311
    elif to_seat_id not in {seat.pk for seat in options}:
        raise SeatNotReady
    locked = {pk: seats.lock_seat(pk) for pk in sorted({from_seat_id, to_seat_id})}
    giver, taker = locked[from_seat_id], locked[to_seat_id]
    interviews.lock_task(seen.task_id)
    request = (
        CallRequest.objects.select_for_update(of=("self",))
        .select_related("task")
        .get(pk=request_id)
    )
    ringing = Offer.objects.filter(request=request, state=OfferState.RINGING).first()
    booked = appointment_in_slot(request, due_appointments(timezone.now()))
    if request.state == RequestState.OFFERED:
        if ringing is None or ringing.seat_id != giver.pk:
            raise NotTransferable
        close_offer(ringing, OfferState.TRANSFERRED)
        if seats.presence_is(giver, Presence.OFFERED):
            seats.withdraw_offer(giver)
        move_request(request, RequestMove.RETURN)
    elif request.state != RequestState.WAITING or booked is None or booked.seat_id != giver.pk:
        raise NotTransferable
    if not seats.presence_is(taker, Presence.READY):
        raise SeatNotReady
    why = _("由 {seat} 转出。").format(seat=giver.staff_no)
    offer = ring(request, taker, {"rule": _("转出"), "why": why})
    if offer is None:
        raise SeatNotReady
    seats.mark_offered(taker)
    request.trace = offer.trace
    move_request(request, RequestMove.OFFER)
    audit.record(
        "request.transferred",
        actor=actor,
        object_type="request",
        object_id=request.pk,
        chain=audit.interview_chain(request.task_id),
        before=giver.staff_no,
        after=taker.staff_no,
    )
    faultpoint("request.transferred")
    for seat in (giver, taker):
        push(seat_group(seat.pk), "seat.changed")
    transaction.on_commit(dispatch_waiting)  # the giver is free for the next
    return offer


def transfer_offer(offer_id: UUID, *, seat_id: int, to_seat_id: int | None, actor: Actor) -> Offer:
    """`transfer` of the case that rings at the seat. Raises OfferGone and what `transfer` raises."""
    offer = Offer.objects.filter(pk=offer_id, seat_id=seat_id, state=OfferState.RINGING).first()
    if offer is None:
        raise OfferGone
    return transfer(offer.request_id, from_seat_id=seat_id, to_seat_id=to_seat_id, actor=actor)
