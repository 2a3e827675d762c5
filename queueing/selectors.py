"""The line as its watchers see it."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.utils import timezone

from appointments.models import Appointment
from appointments.states import AppointmentState
from common.clock import unix_ms
from interviews.models import Call
from interviews.selectors import participant_of_party
from interviews.states import RUNNING
from seats.selectors import offerable_seats

from .decide import Candidate, Rule, Waiting
from .models import CallRequest, DispatchRule, Offer
from .states import IN_LINE, OfferState, RequestState, Strategy

HOLD_BEFORE = dt.timedelta(minutes=5)


def waiting_in_order() -> list[CallRequest]:
    """Priority, then arrival; of one task only its first request, the others enter with it."""
    busy_tasks = set(
        CallRequest.objects.filter(state=RequestState.OFFERED).values_list("task_id", flat=True)
    ) | set(Call.objects.filter(state__in=RUNNING).values_list("task_id", flat=True))
    line: list[CallRequest] = []
    for request in (
        CallRequest.objects.filter(state=RequestState.WAITING)
        .select_related("task")
        .order_by("-priority", "arrived_at", "pk")
    ):
        if request.task_id not in busy_tasks:
            busy_tasks.add(request.task_id)
            line.append(request)
    return line


def waiting_view(request: CallRequest) -> Waiting:
    appointment = Appointment.objects.filter(
        task_id=request.task_id, state=AppointmentState.BOOKED, slot__contains=timezone.now()
    ).first()
    served_by = (
        Call.objects.filter(task__contract_no=request.task.contract_no)
        .order_by("-clock_started_at")
        .values_list("seat_id", flat=True)
    )
    return Waiting(
        request_id=str(request.pk),
        product_code=request.task.product_code,
        channel_code=request.channel_code,
        property_province=request.task.property_province,
        appointed_seat=appointment.seat_id if appointment else None,
        served_by=tuple(served_by[:5]),
    )


def candidates_for(request: CallRequest) -> list[Candidate]:
    """Seats that could ring now. Rehearsals meet only rehearsal seats, customers never do."""
    now = timezone.now()
    midnight = dt.datetime.combine(
        timezone.localdate(), dt.time.min, timezone.get_current_timezone()
    )
    held = set(
        Appointment.objects.filter(
            state=AppointmentState.BOOKED, slot__overlap=(now, now + HOLD_BEFORE)
        ).values_list("seat_id", flat=True)
    )
    return [
        Candidate(
            seat_id=seat.pk,
            staff_no=seat.staff_no,
            idle_s=(now - seat.presence.since).total_seconds(),
            served_today=Call.objects.filter(seat=seat, clock_started_at__gte=midnight).count(),
            held_for="appointment" if seat.pk in held else "",
        )
        for seat in offerable_seats(rehearsal=request.task.rehearsal)
    ]


def rules_in_force() -> list[Rule]:
    return [
        Rule(
            rule_id=rule.pk,
            name=rule.name,
            strategy=Strategy(rule.strategy),
            product_code=rule.product_code,
            channel_code=rule.channel_code,
            property_province=rule.property_province,
            seat_ids=frozenset(seat.pk for seat in rule.seats.all()),
        )
        for rule in DispatchRule.objects.filter(enabled=True).prefetch_related("seats")
    ]


def queue_snapshot(seat_id: int) -> dict[str, Any]:
    """The line for a seat's workbench: how many, how long, who, in order."""
    now = timezone.now()
    rows = (
        CallRequest.objects.filter(state__in=IN_LINE, task__rehearsal=False)
        .select_related("task", "party")
        .order_by("-priority", "arrived_at")
    )
    items = [
        {
            "request_id": str(row.pk),
            "name": row.party.name,
            "roles": row.party.role_labels,
            "product_name": row.task.product_name,
            "state": row.state,
            "arrived_unix_ms": unix_ms(row.arrived_at),
            "mine": row.offers.filter(seat_id=seat_id, state=OfferState.RINGING).exists(),
            "why": row.trace.get("why", ""),
        }
        for row in rows[:50]
    ]
    longest = max((now - row.arrived_at for row in rows[:50]), default=dt.timedelta())
    return {"waiting": len(items), "longest_s": int(longest.total_seconds()), "items": items}


def live_offer_of(seat_id: int) -> dict[str, Any] | None:
    offer = (
        Offer.objects.filter(seat_id=seat_id, state=OfferState.RINGING)
        .select_related("request__task", "request__party")
        .first()
    )
    if offer is None:
        return None
    request, task = offer.request, offer.request.task
    return {
        "offer_id": str(offer.pk),
        "party_name": request.party.name,
        "roles": request.party.role_labels,
        "product_name": task.product_name,
        "contract_no": task.contract_no,
        "property_address": task.property_address,
        "manager_name": task.manager_name,
        "arrived_unix_ms": unix_ms(request.arrived_at),
        "offered_unix_ms": unix_ms(offer.offered_at),
        "deadline_unix_ms": unix_ms(offer.deadline_at),
        "earlier_calls": Call.objects.filter(task__contract_no=task.contract_no).count(),
        "why": offer.trace.get("why", ""),
        "rule": offer.trace.get("rule", ""),
    }


def request_view(request_id: UUID) -> dict[str, Any]:
    """A customer's own request: state, and the call once there is one."""
    request = CallRequest.objects.get(pk=request_id)
    place = participant_of_party(request.party_id)
    return {
        "request_id": str(request.pk),
        "state": request.state,
        "arrived_unix_ms": unix_ms(request.arrived_at),
        "call_id": str(request.call_id) if request.call_id else None,
        "participant_id": str(place.pk) if place else None,
    }
