"""The supervisor's figures, each with the definition the page shows beside it (wallboard, reports).

A day is a local one. Rehearsals are never counted. Times are seconds.
"""

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import (
    Avg,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
)
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


@dataclass(frozen=True, slots=True)
class Sums:
    """What is counted about some requests."""

    entered: int
    answered: int
    in_time: int
    abandoned: int
    short: int
    answer: dt.timedelta | None
    talk: dt.timedelta | None

    @property
    def service_level(self) -> float | None:
        """Answered in time ÷ (answered + abandoned), without those who left at once."""
        return share(self.in_time, self.answered, self.abandoned)

    @property
    def abandonment(self) -> float | None:
        return share(self.abandoned, self.answered, self.abandoned)

    @property
    def answer_s(self) -> float | None:
        return None if self.answer is None else self.answer.total_seconds()

    @property
    def talk_s(self) -> float | None:
        return None if self.talk is None else self.talk.total_seconds()


def share(part: int, answered: int, abandoned: int) -> float | None:
    """Of those who were answered or waited in vain; None without any. The board's and the reports'."""
    counted = answered + abandoned
    return part / counted if counted else None


def mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def start_of(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


def requests_between(first: dt.datetime, last: dt.datetime) -> QuerySet[CallRequest]:
    """Those who entered the line."""
    return CallRequest.objects.filter(
        arrived_at__gte=first, arrived_at__lt=last, task__rehearsal=False
    )


def _counted() -> dict[str, Any]:
    """The sums, for the database: a quarter of a year is too much to be read row by row."""
    in_time = dt.timedelta(seconds=value_of("service_level_s"))
    short = dt.timedelta(seconds=value_of("short_abandon_s"))
    answered = Q(state=RequestState.CONNECTED, closed_at__isnull=False)
    left = Q(state=RequestState.ABANDONED, closed_at__isnull=False)
    at_once = Q(closed_at__lt=F("arrived_at") + short)
    return {
        "entered": Count("pk"),
        "answered": Count("pk", filter=answered),
        "in_time": Count("pk", filter=answered & Q(closed_at__lte=F("arrived_at") + in_time)),
        "abandoned": Count("pk", filter=left & ~at_once),
        "short": Count("pk", filter=left & at_once),
        "answer": Avg(F("closed_at") - F("arrived_at"), filter=answered),
        "talk": Avg(F("call__ended_at") - F("call__live_at")),  # of both there are
    }


def sums_of(requests: QuerySet[CallRequest]) -> Sums:
    return Sums(**requests.aggregate(**_counted()))


def where_abandoned(requests: QuerySet[CallRequest]) -> dict[str, int]:
    """Who left: before any seat rang, after one was missed, or while one was ringing."""
    offers = Offer.objects.filter(request=OuterRef("pk"))
    return (
        requests.filter(state=RequestState.ABANDONED)
        .annotate(rang=Exists(offers.filter(state=OfferState.WITHDRAWN)), offered=Exists(offers))
        .aggregate(
            queue=Count("pk", filter=Q(offered=False)),
            dispatch=Count("pk", filter=Q(offered=True, rang=False)),
            ringing=Count("pk", filter=Q(rang=True)),
        )
    )


def curve(
    stays: Iterable[tuple[dt.datetime, dt.datetime | None]], begin: dt.datetime, now: dt.datetime
) -> list[int]:
    """How many stood in the line every ten minutes from `begin`; (arrived, gone or None)."""
    pairs = list(stays)
    came = sorted(arrived for arrived, _gone in pairs)
    went = sorted(gone for _arrived, gone in pairs if gone is not None)
    points, at = [], begin
    while at <= now:
        points.append(bisect_right(came, at) - bisect_right(went, at))
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
