"""The line as its watchers see it."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from appointments.candidates import candidates_for as reassignable_to
from appointments.models import Appointment
from appointments.selectors import (
    Due,
    check_view,
    due_appointments,
    latest_checks,
    punctuality,
)
from appointments.states import AppointmentState
from appointments.timetable import Span
from channels_admin.models import Channel
from common.clock import unix_ms
from common.id_card import facts_of
from interviews.models import Call, InterviewTask, Participant, Party
from interviews.selectors import calls_by_contract, participant_of_party
from interviews.states import RUNNING
from seats.models import Seat
from seats.selectors import offerable_seats
from seats.states import SIGNED_IN

from .decide import Candidate, Waiting, rank
from .errors import NotTransferable
from .models import Alert, AlertRule, CallRequest, Offer, RuleVersion
from .rules import DEFAULT, PERSONAL, Policy
from .states import IN_LINE, OfferState, RequestState, VersionState


def waiting_now() -> list[CallRequest]:
    """Of one task only its first request, the others enter with it; in the order of arrival."""
    ringing = CallRequest.objects.filter(state=RequestState.OFFERED)
    running = Call.objects.filter(state__in=RUNNING)
    first_of_task: dict[UUID, CallRequest] = {}
    for request in (
        CallRequest.objects.filter(state=RequestState.WAITING)
        .exclude(task__in=ringing.values("task"))
        .exclude(task__in=running.values("task"))
        .select_related("task", "party")
        .order_by("-priority", "arrived_at", "pk")
    ):
        first_of_task.setdefault(request.task_id, request)
    return list(first_of_task.values())


def waiting_in_order() -> list[CallRequest]:
    """The line as it is served: priority of rule and waiting, then arrival."""
    requests = {str(request.pk): request for request in waiting_now()}
    policy = policy_in_force()
    line = waiting_views(list(requests.values()), [policy], due_appointments(timezone.now()))
    now_s, length = timezone.now().timestamp(), len(line)
    line.sort(key=lambda each: rank(each, policy, now_s=now_s, queue_length=length))
    return [requests[each.request_id] for each in line]


def appointment_in_slot(request: CallRequest, due: Sequence[Due]) -> Appointment | None:
    """The booked appointment whose time it is now."""
    for each in due:
        if each.open and each.appointment.task_id == request.task_id:
            return each.appointment
    return None


def giver_of(request: CallRequest) -> int | None:
    """The seat that may hand the case on: where it rings, or who is booked now and it waits for."""
    ringing = Offer.objects.filter(request=request, state=OfferState.RINGING).first()
    if ringing is not None:
        return ringing.seat_id
    booked = appointment_in_slot(request, due_appointments(timezone.now()))
    return booked.seat_id if booked and request.state == RequestState.WAITING else None


def transfer_options(request: CallRequest, from_seat_id: int) -> list[Seat]:
    """Seats a case can be handed to: 示闲 now, and free in the case's slot (WB-2)."""
    ready = list(offerable_seats())
    return _options(request, from_seat_id, ready, due_appointments(timezone.now()) if ready else [])


def _options(
    request: CallRequest, from_seat_id: int, offerable: Sequence[Seat], due: Sequence[Due]
) -> list[Seat]:
    ready = [
        seat
        for seat in offerable
        if seat.rehearsal == request.task.rehearsal and seat.pk != from_seat_id
    ]
    booked = appointment_in_slot(request, due)
    if booked is not None:
        free = {option.seat.pk for option in reassignable_to(booked) if option.free}
        return [seat for seat in ready if seat.pk in free]
    held = {each.appointment.seat_id for each in due if each.held}
    return [seat for seat in ready if seat.pk not in held]


def waiting_views(
    requests: Sequence[CallRequest], policies: Collection[Policy], due: Sequence[Due]
) -> list[Waiting]:
    """What these rules ask of these requests (task and party selected), in a fixed number of queries."""
    appointed = {each.appointment.task_id: each.appointment.seat_id for each in due if each.open}
    numbers = {request.task.seat_staff_no for request in requests} - {""}
    designated = dict(
        Seat.objects.filter(user__staff_no__in=numbers).values_list("user__staff_no", "pk")
    )
    institutions: dict[str, str] = {}
    if any(policy.looks_at_institutions() for policy in policies):
        institutions = dict(
            Channel.objects.filter(code__in={r.channel_code for r in requests}).values_list(
                "code", "institution_no"
            )
        )
    attempts = dict(
        Offer.objects.filter(request__in=requests)
        .values_list("request_id")
        .annotate(count=Count("pk"))
    )
    served: dict[str, list[tuple[int, dt.datetime]]] = {}
    if any(policy.looks_back() for policy in policies):
        served = _served_before({request.party.id_index for request in requests})
    personal = any(policy.asks(PERSONAL) for policy in policies)
    found: list[Waiting] = []
    for request in requests:
        task = request.task
        facts = facts_of(request.party.id_no) if personal else None
        found.append(
            Waiting(
                request_id=str(request.pk),
                arrived_s=request.arrived_at.timestamp(),
                task_id=str(task.pk),
                priority=request.priority,
                attempt=attempts.get(request.pk, 0),
                product_code=task.product_code,
                channel_code=request.channel_code,
                institution=institutions.get(request.channel_code, ""),
                customer_type=task.customer_type,
                property_region=_region_of(task),
                gender=facts.gender if facts else "",
                age=facts.age_on(timezone.localdate(request.arrived_at)) if facts else None,
                domicile=facts.region if facts else "",
                appointed_seat=appointed.get(task.pk),
                designated_seat=designated.get(task.seat_staff_no),
                served=tuple(
                    (seat_id, (request.arrived_at - at).total_seconds() / 86400)
                    for seat_id, at in served.get(request.party.id_index, ())
                    if at < request.arrived_at
                )[:20],
                rehearsal=task.rehearsal,
            )
        )
    return found


def _region_of(task: InterviewTask) -> str:
    """The narrowest code there is, as six digits; 33 is written for 330000 by some."""
    code = task.property_county or task.property_city or task.property_province
    return code.ljust(6, "0") if code else ""


def _served_before(people: Collection[str]) -> dict[str, list[tuple[int, dt.datetime]]]:
    """Seats these people have spoken with, latest first, by the blind index of the person."""
    found: dict[str, list[tuple[int, dt.datetime]]] = {}
    rows = (
        Participant.objects.filter(party__id_index__in=people)
        .order_by("-call__clock_started_at")
        .values_list("party__id_index", "call__seat_id", "call__clock_started_at")
    )
    for person, seat_id, at in rows:
        found.setdefault(person, []).append((seat_id, at))
    return found


def candidates_now(due: Sequence[Due]) -> list[Candidate]:
    """Seats that could ring now. Rehearsals meet only rehearsal seats, customers never do."""
    now = timezone.now()
    midnight = dt.datetime.combine(
        timezone.localdate(), dt.time.min, timezone.get_current_timezone()
    )
    held = {each.appointment.seat_id: each.appointment.task_id for each in due if each.held}
    served = dict(
        Call.objects.filter(clock_started_at__gte=midnight)
        .values_list("seat_id")
        .annotate(count=Count("pk"))
    )
    # Values, not rows: hundreds of seats are looked at for every request that enters.
    seats = offerable_seats().values_list(
        "pk",
        "user__staff_no",
        "presence__since",
        "daily_cases",
        "user__institution__code",
        "rehearsal",
    )
    return [
        Candidate(
            seat_id=seat_id,
            staff_no=staff_no,
            idle_s=(now - since).total_seconds(),
            served_today=served.get(seat_id, 0),
            capacity=capacity or 0,
            institution=institution or "",
            held_for=str(held.get(seat_id, "")),
            rehearsal=rehearsal,
        )
        for seat_id, staff_no, since, capacity, institution, rehearsal in seats
    ]


def version_in_force() -> RuleVersion | None:
    return RuleVersion.objects.filter(state=VersionState.IN_FORCE).first()


def policy_of(version: RuleVersion | None) -> Policy:
    """Without a version everybody goes at random (DSP-1)."""
    return Policy.model_validate(version.policy) if version else DEFAULT


def policy_in_force() -> Policy:
    return policy_of(version_in_force())


LINE_SHOWN = 50


def _places() -> dict[UUID, int]:
    return {request.pk: place for place, request in enumerate(waiting_in_order())}


def _place(request: CallRequest, places: Mapping[UUID, int]) -> int:
    """Those who enter with another of their case stand behind."""
    return places.get(request.pk, len(places))


def queue_snapshot() -> dict[str, Any]:
    """The line for the workbenches, the same for all: how many, how long, who, in order of serving."""
    line = list(
        CallRequest.objects.filter(state__in=IN_LINE, task__rehearsal=False)
        .select_related("task", "party")
        .defer("party__phone", "party__id_no")
        .order_by("arrived_at")
    )
    now = timezone.now()
    longest = now - line[0].arrived_at if line else dt.timedelta()
    places = _places() if len(line) > 1 else {}
    rows = sorted(line, key=lambda row: (row.state != RequestState.OFFERED, _place(row, places)))
    rows = rows[:LINE_SHOWN]
    slots = _slots([row.task_id for row in rows])
    calls = calls_by_contract({row.task.contract_no for row in rows})
    parties = _parties([row.task_id for row in rows])
    items = [
        {
            "request_id": str(row.pk),
            "task_id": str(row.task_id),
            "name": row.party.name,
            "roles": row.party.role_labels,
            "product_name": row.task.product_name,
            "amount": row.task.amount_text,
            "parties": parties.get(row.task_id, 0),
            "slot": _slot_words(slots.get(row.task_id), row.arrived_at),
            "earlier_calls": calls.get(row.task.contract_no, 0),
            "state": row.state,
            "arrived_unix_ms": unix_ms(row.arrived_at),
            "why": row.trace.get("why", ""),
        }
        for row in rows
    ]
    return {
        "now_unix_ms": unix_ms(now),
        "waiting": len(line),
        "longest_s": int(longest.total_seconds()),
        "items": items,
    }


def _slots(task_ids: Collection[UUID]) -> dict[UUID, Span]:
    """The booked time of each of these tasks that has one."""
    rows = Appointment.objects.filter(task__in=task_ids, state=AppointmentState.BOOKED)
    return {row.task_id: row.bounds for row in rows}


def _parties(task_ids: Collection[UUID]) -> dict[UUID, int]:
    rows = Party.objects.filter(task__in=task_ids).order_by()
    return dict(rows.values_list("task_id").annotate(count=Count("pk")))


def _slot_words(slot: Span | None, arrived_at: dt.datetime) -> str:
    """10:00–10:30 早到 4 分; empty without an appointment."""
    if slot is None:
        return ""
    start, end = (timezone.localtime(moment) for moment in slot)
    return f"{start:%H:%M}–{end:%H:%M} {punctuality(slot[0], arrived_at)}"


@dataclass(frozen=True, slots=True)
class LineRow:
    """One in the line for a supervisor: no customer's name."""

    place: int
    request: CallRequest
    waited_s: float
    why: str
    rule: str
    ringing: Seat | None
    giver_id: int | None
    options: list[Seat]


def line_rows(tasks: Q) -> list[LineRow]:
    """Of these tasks: who rings, who waits in the order of serving, those who enter with another."""
    now = timezone.now()
    rows = list(
        CallRequest.objects.filter(
            state__in=IN_LINE,
            task__rehearsal=False,
            task__in=InterviewTask.objects.filter(tasks),
        )
        .select_related("task")
        .order_by("arrived_at")
    )
    places = _places()
    ringing = {
        offer.request_id: offer.seat
        for offer in Offer.objects.filter(state=OfferState.RINGING).select_related("seat__user")
    }
    rows.sort(key=lambda row: (row.pk not in ringing, _place(row, places)))
    ready, due = list(offerable_seats()), due_appointments(now)
    found = []
    for place, row in enumerate(rows[:LINE_SHOWN], start=1):
        seat, booked = ringing.get(row.pk), appointment_in_slot(row, due)
        giver_id = seat.pk if seat else booked.seat_id if booked else None
        found.append(
            LineRow(
                place,
                row,
                (now - row.arrived_at).total_seconds(),
                row.trace.get("why", ""),
                row.trace.get("rule", ""),
                seat,
                giver_id,
                _options(row, giver_id, ready, due) if giver_id else [],
            )
        )
    return found


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
        "task_id": str(task.pk),
        "device_check": check_view(latest_checks([task.pk]).get(task.pk, [])),
        "party_name": request.party.name,
        "roles": request.party.role_labels,
        "product_name": task.product_name,
        "contract_no": task.contract_no,
        "amount": task.amount_text,
        "parties": [
            f"{party.name}（{'、'.join(party.role_labels)}）"
            for party in task.parties.defer("phone", "id_no").order_by("name")
        ],
        "slot": _slot_words(_slots([task.pk]).get(task.pk), request.arrived_at),
        "property_address": task.property_address,
        "manager_name": task.manager_name,
        "arrived_unix_ms": unix_ms(request.arrived_at),
        "offered_unix_ms": unix_ms(offer.offered_at),
        "deadline_unix_ms": unix_ms(offer.deadline_at),
        "earlier_calls": calls_by_contract([task.contract_no]).get(task.contract_no, 0),
        "why": offer.trace.get("why", ""),
        "rule": offer.trace.get("rule", ""),
        "transfer_to": _named(transfer_options(request, seat_id)),
    }


def _named(seats: Sequence[Seat]) -> list[dict[str, Any]]:
    return [{"seat_id": seat.pk, "name": seat.name, "staff_no": seat.staff_no} for seat in seats]


def own_transfer_options(request_id: UUID, seat_id: int) -> list[dict[str, Any]]:
    """To whom a seat can hand on a case that is its own. Raises NotTransferable."""
    request = CallRequest.objects.select_related("task").filter(pk=request_id).first()
    if request is None or giver_of(request) != seat_id:
        raise NotTransferable
    return _named(transfer_options(request, seat_id))


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


def place_in_line(request_id: UUID) -> dict[str, int | None]:
    """Of one request; who enters with another of the case stands behind all (SDK-10)."""
    places = places_in_line()
    behind = len(places) + 1
    return places.get(str(request_id)) or {
        "position": behind,
        "ahead": behind - 1,
        "waiting": behind,
        "least_s": None,
        "most_s": None,
    }


def places_in_line() -> dict[str, dict[str, int | None]]:
    """Where each request stands and an honest guess of its wait (SDK-10), by its id.

    `least_s`, `most_s` come from the lengths of the calls of the last two hours and the signed-in seats; None while fewer than five are known: no number is better than an invented one.
    """
    line = [str(row.pk) for row in waiting_in_order()]
    since = timezone.now() - dt.timedelta(hours=2)
    lengths = sorted(
        (ended_at - started_at).total_seconds()
        for started_at, ended_at in Call.objects.filter(
            ended_at__gte=since, task__rehearsal=False
        ).values_list("clock_started_at", "ended_at")
        if ended_at is not None
    )
    seats = Seat.objects.filter(presence__state__in=SIGNED_IN).count()
    short = long = None
    if len(lengths) >= 5 and seats:
        short = lengths[len(lengths) // 4] / seats * 0.5
        long = lengths[len(lengths) * 3 // 4] / seats
    return {
        request_id: {
            "position": position,
            "ahead": position - 1,
            "waiting": len(line),
            "least_s": None if short is None else round(short * position),
            "most_s": None if long is None else round(long * position),
        }
        for position, request_id in enumerate(line, start=1)
    }


def alerts_of(staff_nos: Collection[str] | None, role_ids: set[int] | None) -> QuerySet[Alert]:
    """Alerts about these seats ("" for those about none) that one of these roles is told of.

    None means everybody's.
    """
    rows = Alert.objects.all()
    if staff_nos is not None:
        rows = rows.filter(staff_no__in=staff_nos)
    if role_ids is not None:
        told = AlertRule.objects.filter(Q(roles=None) | Q(roles__in=role_ids))
        rows = rows.filter(rule__in=told)
    return rows
