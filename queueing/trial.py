"""The past as `replay` needs it, and what comes out of playing it (DSP-3)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.models import Appointment
from appointments.states import AppointmentState
from common.clock import unix_ms
from parameters.selectors import value_of
from seats.models import PresenceHistory, Seat, SeatPresence
from seats.states import Presence

from .decide import decide
from .figures import AT_WORK, mean, start_of
from .models import CallRequest, Offer
from .replay import Arrival, Hold, Past, SeatFacts, Shift, measure, moved, play, quantile
from .rules import Policy
from .selectors import candidates_now, policy_in_force, waiting_views
from .states import OfferState, RequestState

LONGEST_DAYS = 31
MOST_ARRIVALS = 5000
WORKED_OFF = dt.timedelta(hours=1)
EXAMPLES = 8
READ_SHARE = 0.2  # of a trial's time, about
DEFAULT_HANDLING_S = 1200.0
DEFAULT_WRAP_UP_S = 60.0


def past_of(
    first: dt.date, last: dt.date, policies: Collection[Policy]
) -> tuple[Past, list[float]]:
    """Arrivals, work and appointments of these days as the policies ask, and the waits there really were."""
    begin, end = start_of(first), start_of(last + dt.timedelta(days=1))
    requests = list(
        CallRequest.objects.filter(
            arrived_at__gte=begin,
            arrived_at__lt=end,
            task__rehearsal=False,
            state__in=[RequestState.CONNECTED, RequestState.ABANDONED],
            closed_at__isnull=False,
        )
        .select_related("task", "party", "call")
        .order_by("arrived_at", "pk")[:MOST_ARRIVALS]
    )
    if len(requests) == MOST_ARRIVALS:
        # What is played ends soon after the last of them: later work would look like idle seats.
        end = min(end, requests[-1].arrived_at + WORKED_OFF)
    accepted = {
        offer.request_id: offer
        for offer in Offer.objects.filter(request__in=requests, state=OfferState.ACCEPTED)
    }
    # Who entered together with another of the case took no seat of his own.
    requests = [r for r in requests if r.state == RequestState.ABANDONED or r.pk in accepted]
    rings = [
        (offer.closed_at - offer.offered_at).total_seconds()
        for offer in accepted.values()
        if offer.closed_at is not None
    ]
    wrap_s = mean(_stretches(begin, end, (Presence.WRAP_UP,))) or DEFAULT_WRAP_UP_S
    talks = {
        r.pk: (r.call.ended_at - r.closed_at).total_seconds()
        for r in requests
        if r.call is not None and r.call.ended_at is not None and r.closed_at is not None
    }
    usual_s = mean(list(talks.values())) or DEFAULT_HANDLING_S
    booked = _booked(begin, end)
    arrivals, waits = [], []
    for request, waiting in zip(requests, waiting_views(requests, policies, []), strict=True):
        stayed_s = ((request.closed_at or end) - request.arrived_at).total_seconds()
        left = request.state == RequestState.ABANDONED
        if not left:
            waits.append(stayed_s)
        own = next((a for a in booked[request.task_id] if request.arrived_at in a.slot), None)
        arrivals.append(
            Arrival(
                replace(waiting, appointed_seat=own.seat_id if own else None, attempt=0),
                handling_s=max(1.0, talks.get(request.pk, usual_s)) + wrap_s,
                patience_s=stayed_s if left else None,
            )
        )
    shifts = _shifts(begin, end)
    seats = {
        seat.pk: SeatFacts(
            seat.staff_no,
            seat.daily_cases or 0,
            seat.user.institution.code if seat.user.institution else "",
        )
        for seat in Seat.objects.filter(rehearsal=False).select_related("user__institution")
    }
    before = dt.timedelta(minutes=value_of("hold_before_min"))
    late = dt.timedelta(minutes=value_of("late_hold_min"))
    holds = tuple(
        Hold(
            row.seat_id,
            str(row.task_id),
            (row.bounds[0] - before).timestamp(),
            (
                row.bounds[1] if row.arrived_at else min(row.bounds[1], row.bounds[0] + late)
            ).timestamp(),
        )
        for rows in booked.values()
        for row in rows
    )
    past = Past(
        arrivals=tuple(arrivals),
        shifts=tuple(shift for shift in shifts if shift.seat_id in seats),
        holds=holds,
        seats=seats,
        ringing_s=mean(rings) or 5.0,
        midnight_s=begin.timestamp(),
    )
    return past, waits


def _booked(begin: dt.datetime, end: dt.datetime) -> dict[Any, list[Appointment]]:
    found: dict[Any, list[Appointment]] = defaultdict(list)
    rows = Appointment.objects.filter(slot__overlap=(begin, end), task__rehearsal=False)
    for row in rows.exclude(state__in=[AppointmentState.CANCELLED, AppointmentState.MOVED]):
        found[row.task_id].append(row)
    return found


def _stretches(begin: dt.datetime, end: dt.datetime, states: tuple[Presence, ...]) -> list[float]:
    rows = PresenceHistory.objects.filter(
        state__in=states, until__gt=begin, since__lt=end, seat__rehearsal=False
    ).values_list("since", "until")
    return [(min(until, end) - max(since, begin)).total_seconds() for since, until in rows]


def _shifts(begin: dt.datetime, end: dt.datetime) -> list[Shift]:
    """Stretches at work, those that follow one another as one."""
    rows = [
        *PresenceHistory.objects.filter(
            state__in=AT_WORK, until__gt=begin, since__lt=end, seat__rehearsal=False
        ).values_list("seat_id", "since", "until"),
        *(
            (seat_id, since, end)
            for seat_id, since in SeatPresence.objects.filter(
                state__in=AT_WORK, since__lt=end, seat__rehearsal=False
            ).values_list("seat_id", "since")
        ),
    ]
    now = timezone.now()
    merged: list[Shift] = []
    for seat_id, since, until in sorted(rows):
        start_s = max(since, begin).timestamp()
        end_s = min(until, end, now).timestamp()
        last = merged[-1] if merged else None
        if last is not None and last.seat_id == seat_id and start_s <= last.end_s + 1:
            merged[-1] = Shift(seat_id, last.start_s, max(last.end_s, end_s))
        elif end_s > start_s:
            merged.append(Shift(seat_id, start_s, end_s))
    return merged


def compare(
    draft: Policy,
    first: dt.date,
    last: dt.date,
    *,
    tell: Callable[[float], None] = lambda share: None,
) -> dict[str, Any]:
    """The version in force and the draft over the same days; `tell` hears how much is done (0-1)."""
    in_force = policy_in_force()
    past, waits = past_of(first, last, [draft, in_force])
    target_s = value_of("service_level_s")
    tell(READ_SHARE)
    half = (1 - READ_SHARE) / 2
    before = play(past, in_force, tell=lambda share: tell(READ_SHARE + half * share))
    after = play(past, draft, tell=lambda share: tell(READ_SHARE + half * (1 + share)))
    pairs = moved(before, after)
    return {
        "first": first.isoformat(),
        "last": last.isoformat(),
        "arrivals": len(past.arrivals),
        "cut": len(past.arrivals) >= MOST_ARRIVALS,
        "seats": len({shift.seat_id for shift in past.shifts}),
        "target_s": target_s,
        "actual": {
            "wait_median_s": quantile(waits, 0.5),
            "wait_p95_s": quantile(waits, 0.95),
        },
        "in_force": measure(before, target_s=target_s),
        "draft": measure(after, target_s=target_s),
        "moved": len(pairs),
        "examples": [
            {
                "at_unix_ms": round(old.arrived_s * 1000),
                "from": past.seats[old.seat_id].staff_no,
                "to": past.seats[new.seat_id].staff_no,
                "rule": new.rule,
                "why": new.why,
            }
            for old, new in pairs[:EXAMPLES]
        ],
    }


def try_one(policy: Policy, number: int) -> dict[str, Any] | None:
    """What the rules would say now to the `number`-th latest caller; None when there is none."""
    rows = CallRequest.objects.filter(task__rehearsal=False).select_related("task", "party")
    request = rows.order_by("-arrived_at", "pk")[number : number + 1].first()
    if request is None:
        return None
    (waiting,) = waiting_views([request], [policy], [])
    candidates = candidates_now([])
    length = CallRequest.objects.filter(state=RequestState.WAITING, task__rehearsal=False).count()
    decision = decide(
        waiting,
        [c for c in candidates if not c.rehearsal],
        policy,
        now_s=waiting.arrived_s,
        queue_length=length,
    )
    away = SeatPresence.objects.filter(seat__enabled=True, seat__rehearsal=False).exclude(
        seat__in=[c.seat_id for c in candidates]
    )
    return {
        "at_unix_ms": unix_ms(request.arrived_at),
        "facts": [
            request.task.get_customer_type_display(),
            request.task.product_name,
            _("排队 {count} 人").format(count=length),
        ],
        "rule": decision.trace["rule"],
        "why": decision.trace["why"],
        "chosen": next((c.staff_no for c in candidates if c.seat_id == decision.seat_id), None),
        "seats": decision.trace.get("seats", []),
        "skipped": decision.trace.get("skipped", []),
        "away": [
            {"seat": row.seat.staff_no, "why_not": row.get_state_display()}
            for row in away.select_related("seat__user").order_by("seat__user__staff_no")[:12]
        ],
    }
