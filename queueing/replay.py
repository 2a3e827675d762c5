"""A day of the line played again under other rules (DSP-3). Pure; times are seconds of one clock.

Who came, how long the case took, when seats were at work is as it was; who takes whom is decided by
`decide.plan`, the same code as live. Both columns of a comparison are played, so that what the play
leaves out (devices, breaks between states) is left out of both.
"""

import heapq
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from .decide import Candidate, Waiting, plan
from .rules import Policy

DAY_S = 86_400
BINS = 10
TOLD = 40  # times at most, about


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who entered the line; `patience_s` is after how long he had left, None if he had not."""

    waiting: Waiting
    handling_s: float
    patience_s: float | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """A stretch in which a seat could take calls or had one."""

    seat_id: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Hold:
    """A seat kept for a booked task."""

    seat_id: int
    task_id: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class SeatFacts:
    staff_no: str
    capacity: int = 0
    institution: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """What happened, as the play needs it."""

    arrivals: tuple[Arrival, ...]
    shifts: tuple[Shift, ...]
    holds: tuple[Hold, ...]
    seats: Mapping[int, SeatFacts]
    ringing_s: float = 5.0  # until a seat answers
    midnight_s: float = 0.0  # some local midnight


@dataclass(frozen=True, slots=True)
class Answer:
    arrived_s: float
    waited_s: float
    seat_id: int
    rule: str
    why: str
    booked: bool


@dataclass(slots=True)
class Outcome:
    answers: dict[str, Answer] = field(default_factory=dict)
    left: int = 0
    unserved: int = 0
    busy_s: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    worked_s: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    overtaken: int = 0


def play(
    past: Past, policy: Policy, *, tell: Callable[[float], None] = lambda share: None
) -> Outcome:
    """The line under `policy`, from the first arrival until nobody is left to be served; `tell` hears
    now and then how much is done (0-1)."""
    outcome = Outcome()
    order = count()
    events: list[tuple[float, int, str, Any]] = []

    def at(when_s: float, kind: str, what: Any) -> None:
        heapq.heappush(events, (when_s, next(order), kind, what))

    for arrival in past.arrivals:
        at(arrival.waiting.arrived_s, "come", arrival)
    for shift in past.shifts:
        at(shift.start_s, "on", shift.seat_id)
        at(shift.end_s, "off", shift.seat_id)
    for hold in past.holds:
        at(hold.end_s, "look", None)
    holds = defaultdict(list)
    for hold in past.holds:
        holds[hold.seat_id].append(hold)
    line: dict[str, Arrival] = {}
    on: dict[int, int] = defaultdict(int)
    busy: set[int] = set()
    idle_since: dict[int, float] = {}
    served: dict[tuple[int, int], int] = defaultdict(int)
    looked_at: set[tuple[str, int]] = set()
    came, step = 0, max(1, len(past.arrivals) // TOLD)
    while events:
        now = events[0][0]
        while events and events[0][0] == now:
            _when, _number, kind, what = heapq.heappop(events)
            if kind == "come":
                line[what.waiting.request_id] = what
                came += 1
                if came % step == 0:
                    tell(came / len(past.arrivals))
                if what.patience_s is not None:
                    at(now + what.patience_s, "leave", what.waiting.request_id)
            elif kind == "leave":
                outcome.left += line.pop(what, None) is not None
            elif kind == "on":
                on[what] += 1
                idle_since.setdefault(what, now)
            elif kind == "off":
                on[what] -= 1
                if not on[what] and what not in busy:
                    idle_since.pop(what, None)
            elif kind == "free":
                busy.discard(what)
                if on[what]:
                    idle_since[what] = now
                else:
                    idle_since.pop(what, None)
        if not line:
            continue
        day = math.floor((now - past.midnight_s) / DAY_S)
        free = [
            _candidate(
                past.seats[seat_id], seat_id, now, since, served[seat_id, day], holds[seat_id]
            )
            for seat_id, since in idle_since.items()
            if on[seat_id] and seat_id not in busy
        ]
        if not free:
            continue
        waiting = [arrival.waiting for arrival in line.values()]
        given = 0
        for who, decision in plan(waiting, free, policy, now_s=now):
            if decision.seat_id is None:
                opens = decision.opens_at_s
                if opens is not None and (who.request_id, opens) not in looked_at:
                    looked_at.add((who.request_id, opens))
                    at(max(now, who.arrived_s + opens), "look", None)
                continue
            arrival = line.pop(who.request_id)
            taken_s = past.ringing_s + arrival.handling_s
            busy.add(decision.seat_id)
            given += 1
            served[decision.seat_id, day] += 1
            outcome.busy_s[decision.seat_id] += taken_s
            at(now + taken_s, "free", decision.seat_id)
            outcome.answers[who.request_id] = Answer(
                arrived_s=who.arrived_s,
                waited_s=now - who.arrived_s + past.ringing_s,
                seat_id=decision.seat_id,
                rule=str(decision.trace.get("rule", "")),
                why=str(decision.trace.get("why", "")),
                booked=who.appointed_seat is not None,
            )
            if who.appointed_seat is None:
                outcome.overtaken += any(
                    other.waiting.arrived_s < who.arrived_s and other.waiting.appointed_seat is None
                    for other in line.values()
                )
            if given == len(free):
                break  # the others are looked at when a seat is free again
    outcome.unserved = len(line)
    for shift in past.shifts:
        outcome.worked_s[shift.seat_id] += shift.end_s - shift.start_s
    return outcome


def _candidate(
    facts: SeatFacts, seat_id: int, now: float, since: float, served: int, holds: list[Hold]
) -> Candidate:
    held = next((hold.task_id for hold in holds if hold.start_s <= now < hold.end_s), "")
    return Candidate(
        seat_id=seat_id,
        staff_no=facts.staff_no,
        idle_s=now - since,
        served_today=served,
        capacity=facts.capacity,
        institution=facts.institution,
        held_for=held,
    )


def jain(values: Iterable[float]) -> float | None:
    """Jain's index (Σx)² ÷ (n Σx²): 1 when all have the same, 1/n when one has everything."""
    shares = list(values)
    squares = sum(value * value for value in shares)
    if not shares or not squares:
        return None
    return sum(shares) ** 2 / (len(shares) * squares)


def quantile(values: Sequence[float], share: float) -> float | None:
    """The nearest-rank quantile."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def measure(outcome: Outcome, *, target_s: float) -> dict[str, Any]:
    """The figures of one play; shares are 0-1, times seconds, None when nothing was counted.

    A customer's share for Jain's index is target ÷ (target + wait): 1 at once, ½ at the target; a
    seat's is its busy time ÷ its time at work.
    """
    waits = [answer.waited_s for answer in outcome.answers.values()]
    counted = len(waits) + outcome.left + outcome.unserved
    worked = sum(outcome.worked_s.values())
    histogram = [0] * BINS
    for wait in waits:
        histogram[min(BINS - 1, int(wait // 60))] += 1
    return {
        "answered": len(waits),
        "left": outcome.left,
        "unserved": outcome.unserved,
        "wait_median_s": quantile(waits, 0.5),
        "wait_p95_s": quantile(waits, 0.95),
        "service_level": sum(w <= target_s for w in waits) / counted if counted else None,
        "overtaken_per_1000": 1000 * outcome.overtaken / len(waits) if waits else None,
        "jain_customers": jain(target_s / (target_s + wait) for wait in waits),
        "jain_seats": jain(
            outcome.busy_s.get(seat, 0.0) / span for seat, span in outcome.worked_s.items() if span
        ),
        "occupancy": min(1.0, sum(outcome.busy_s.values()) / worked) if worked else None,
        "histogram": histogram,
    }


def moved(before: Outcome, after: Outcome) -> list[tuple[Answer, Answer]]:
    """Calls that another seat would have taken, in the order of arrival."""
    pairs = [
        (answer, after.answers[request_id])
        for request_id, answer in before.answers.items()
        if request_id in after.answers and after.answers[request_id].seat_id != answer.seat_id
    ]
    return sorted(pairs, key=lambda pair: pair[0].arrived_s)
