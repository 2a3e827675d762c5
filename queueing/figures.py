"""The supervisor's figures, each with the definition the page shows beside it (wallboard, reports).

A day is a local one. Rehearsals are never counted. Times are seconds.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.utils import timezone

from appointments.models import Appointment
from appointments.states import AppointmentState
from interviews.models import Call
from interviews.states import RUNNING, Verdict
from parameters.selectors import value_of
from seats.models import PresenceHistory, SeatPresence
from seats.states import Presence

from .models import CallRequest, Offer
from .states import IN_LINE, OfferState, RequestState

BUSY = (Presence.OFFERED, Presence.IN_CALL, Presence.WRAP_UP)
AT_WORK = (*BUSY, Presence.READY)
CURVE_STEP = dt.timedelta(minutes=10)


@dataclass(slots=True)
class Sums:
    """What is counted about one group of requests."""

    entered: int = 0
    answered: int = 0
    in_time: int = 0
    abandoned: int = 0
    short: int = 0
    waits: list[float] = field(default_factory=list)
    talks: list[float] = field(default_factory=list)
    doubts: int = 0
    filed: int = 0

    @property
    def service_level(self) -> float | None:
        """Answered in time ÷ (answered + abandoned), without those who left at once."""
        counted = self.answered + self.abandoned
        return self.in_time / counted if counted else None

    @property
    def abandonment(self) -> float | None:
        counted = self.answered + self.abandoned
        return self.abandoned / counted if counted else None

    @property
    def answer_s(self) -> float | None:
        return mean(self.waits)

    @property
    def talk_s(self) -> float | None:
        return mean(self.talks)

    @property
    def doubt_rate(self) -> float | None:
        return self.doubts / self.filed if self.filed else None


def mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def start_of(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


def requests_between(first: dt.datetime, last: dt.datetime) -> list[CallRequest]:
    """Those who entered the line, with the offer that was accepted, if any."""
    return list(
        CallRequest.objects.filter(
            arrived_at__gte=first, arrived_at__lt=last, task__rehearsal=False
        )
        .select_related("task", "call__seat__user")
        .prefetch_related("offers")
    )


def add(sums: Sums, request: CallRequest, *, target_s: float, short_s: float) -> None:
    """Count one request."""
    sums.entered += 1
    if request.state == RequestState.CONNECTED and request.closed_at is not None:
        wait = (request.closed_at - request.arrived_at).total_seconds()
        sums.answered += 1
        sums.waits.append(wait)
        sums.in_time += wait <= target_s
    elif request.state == RequestState.ABANDONED and request.closed_at is not None:
        stayed = (request.closed_at - request.arrived_at).total_seconds()
        if stayed < short_s:
            sums.short += 1
        else:
            sums.abandoned += 1
    call = request.call
    if call is not None:
        if call.ended_at is not None and call.live_at is not None:
            sums.talks.append((call.ended_at - call.live_at).total_seconds())
        if call.verdict:
            sums.filed += 1
            sums.doubts += call.verdict == Verdict.DOUBT


def sums_of(requests: Iterable[CallRequest]) -> Sums:
    sums, limits = Sums(), _limits()
    for request in requests:
        add(sums, request, **limits)
    return sums


def _limits() -> dict[str, float]:
    return {"target_s": value_of("service_level_s"), "short_s": value_of("short_abandon_s")}


def where_abandoned(requests: Iterable[CallRequest]) -> dict[str, int]:
    """Who left: before any seat rang, after one was missed, or while one was ringing."""
    split = {"queue": 0, "dispatch": 0, "ringing": 0}
    for request in requests:
        if request.state != RequestState.ABANDONED:
            continue
        states = {offer.state for offer in request.offers.all()}
        if OfferState.WITHDRAWN in states:
            split["ringing"] += 1
        elif states:
            split["dispatch"] += 1
        else:
            split["queue"] += 1
    return split


def curve(requests: list[CallRequest], begin: dt.datetime, now: dt.datetime) -> list[int]:
    """How many stood in the line every ten minutes from `begin`."""
    points, at = [], begin
    while at <= now:
        points.append(
            sum(
                1
                for request in requests
                if request.arrived_at <= at
                and (request.closed_at is None or request.closed_at > at)
            )
        )
        at += CURVE_STEP
    return points


def presence_shares(first: dt.datetime, last: dt.datetime) -> dict[str, float]:
    """Seconds of all seats by state within the time, the running stretches included."""
    seconds: dict[str, float] = defaultdict(float)
    past = PresenceHistory.objects.filter(until__gt=first, since__lt=last, seat__rehearsal=False)
    for state, since, until in past.values_list("state", "since", "until"):
        seconds[state] += (min(until, last) - max(since, first)).total_seconds()
    running = SeatPresence.objects.filter(since__lt=last, seat__rehearsal=False)
    for state, since in running.values_list("state", "since"):
        seconds[state] += (last - max(since, first)).total_seconds()
    return dict(seconds)


def occupancy(seconds: dict[str, float]) -> float | None:
    """(ringing + talking + wrapping up) ÷ signed in and not paused."""
    worked = sum(seconds.get(state, 0.0) for state in AT_WORK)
    return sum(seconds.get(state, 0.0) for state in BUSY) / worked if worked else None


def wrap_up_s(first: dt.datetime, last: dt.datetime) -> float | None:
    stretches = PresenceHistory.objects.filter(
        state=Presence.WRAP_UP, until__gt=first, since__lt=last, seat__rehearsal=False
    ).values_list("since", "until")
    return mean([(until - since).total_seconds() for since, until in stretches])


def appointments_today(now: dt.datetime) -> dict[str, int]:
    """Done, running, still to come, late (`late_min` into the slot, not arrived), no-show, and who came
    and was not served."""
    day = start_of(timezone.localdate(now))
    rows = Appointment.objects.filter(
        slot__startswith__gte=day,
        slot__startswith__lt=day + dt.timedelta(days=1),
        task__rehearsal=False,
    ).exclude(state__in=[AppointmentState.CANCELLED, AppointmentState.MOVED])
    talking = set(Call.objects.filter(state__in=RUNNING).values_list("task_id", flat=True))
    late = dt.timedelta(minutes=value_of("late_min"))
    counts = dict.fromkeys(("done", "running", "waiting", "late", "no_show", "unserved"), 0)
    for row in rows:
        if row.no_show:
            counts["no_show"] += 1
        elif row.state == AppointmentState.EXPIRED:
            counts["unserved"] += 1
        elif row.task_id in talking:
            counts["running"] += 1
        elif row.state == AppointmentState.KEPT:
            counts["done"] += 1
        elif row.arrived_at is None and row.bounds[0] + late <= now:
            counts["late"] += 1
        else:
            counts["waiting"] += 1
    return counts


def seats_by_state() -> dict[str, int]:
    counts = {state.value: 0 for state in Presence}
    rows = SeatPresence.objects.filter(seat__enabled=True, seat__rehearsal=False)
    for state in rows.values_list("state", flat=True):
        counts[state] += 1
    return counts


def line_now() -> list[CallRequest]:
    return list(
        CallRequest.objects.filter(state__in=IN_LINE, task__rehearsal=False).order_by("arrived_at")
    )


# --- reports --------------------------------------------------------------------------------

GROUPS = ("day", "week", "seat", "channel", "product")


def report(first: dt.date, last: dt.date, by: str) -> list[tuple[str, Sums]]:
    """Requests that entered from `first` to `last` (both included), by group, in order."""
    limits = _limits()
    groups: dict[str, Sums] = defaultdict(Sums)
    begin, end = start_of(first), start_of(last + dt.timedelta(days=1))
    for request in requests_between(begin, end):
        add(groups[_group(request, by)], request, **limits)
    return sorted(groups.items())


def _group(request: CallRequest, by: str) -> str:
    day = timezone.localtime(request.arrived_at).date()
    if by == "week":
        return (day - dt.timedelta(days=day.weekday())).isoformat()
    if by == "seat":
        seat = request.call.seat.user if request.call else None
        return f"{seat.staff_no} {seat.name}" if seat else "—"
    if by == "channel":
        return request.channel_code or "—"
    if by == "product":
        return request.task.product_name
    return day.isoformat()


def traced(request: CallRequest) -> dict[str, Any]:
    """Why this seat, or why not yet: the last decision and those of its offers."""
    return {
        "now": request.trace,
        "offers": [
            {
                "seat": str(offer.seat),
                "state": offer.get_state_display(),
                "at": offer.offered_at,
                "trace": offer.trace,
            }
            for offer in Offer.objects.filter(request=request)
            .select_related("seat__user")
            .order_by("offered_at")
        ],
    }


def doubt_rate_today(now: dt.datetime) -> float | None:
    day = start_of(timezone.localdate(now))
    filed = Call.objects.filter(filed_at__gte=day, task__rehearsal=False).exclude(
        Q(verdict="") | Q(verdict=Verdict.PARTIAL)
    )
    count = filed.count()
    return filed.filter(verdict=Verdict.DOUBT).count() / count if count else None
