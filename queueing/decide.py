"""Choosing the seat for a waiting request. Pure, seeded, explained (DSP-1…3).

The live line and the trial on past days (`replay`) ask the same functions. Times are seconds of
any one clock.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from .rules import OF_SEAT, TYPES, Attribute, Condition, Kind, Op, Policy, Rule, Scope, Step
from .states import Strategy

SEATS_NAMED = 30


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody in the line. Empty or None: not known, and no condition about it holds."""

    request_id: str
    arrived_s: float
    task_id: str = ""
    priority: int = 0
    attempt: int = 0  # offers made before
    product_code: str = ""
    channel_code: str = ""
    institution: str = ""  # of the channel
    customer_type: str = ""
    property_region: str = ""
    gender: str = ""
    age: int | None = None
    domicile: str = ""
    appointed_seat: int | None = None  # inside the appointment's time
    designated_seat: int | None = None  # named by the credit system, whatever the time
    served: tuple[tuple[int, float], ...] = ()  # (seat, days ago), latest first
    rehearsal: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A seat that says 示闲."""

    seat_id: int
    staff_no: str
    idle_s: float
    served_today: int
    capacity: int = 0  # cases a day; 0 is no limit
    institution: str = ""
    # the task whose booked time has begun or begins within minutes
    held_for: str = ""
    rehearsal: bool = False

    @property
    def room(self) -> int | None:
        """Cases it can still take today; None without a limit."""
        return max(0, self.capacity - self.served_today) if self.capacity else None


@dataclass(frozen=True, slots=True)
class Decision:
    """`seat_id` None: nobody can take it now; `trace` says why, in Chinese, for supervisors."""

    seat_id: int | None
    trace: dict[str, Any] = field(default_factory=dict)
    opens_at_s: int | None = None  # at which wait more seats are looked at


def fitting_rule(waiting: Waiting, policy: Policy, *, queue_length: int) -> Rule | None:
    """The first rule in use whose conditions about the customer all hold."""
    for rule in policy.rules:
        if rule.enabled and _first_miss(rule, waiting, queue_length) is None:
            return rule
    return None


def _first_miss(rule: Rule, waiting: Waiting, queue_length: int) -> Condition | None:
    for condition in rule.conditions:
        if condition.attribute not in OF_SEAT and not _holds(condition, waiting, queue_length):
            return condition
    return None


def _holds(condition: Condition, waiting: Waiting, queue_length: int) -> bool:
    of = TYPES[condition.attribute]
    match condition.attribute:
        case Attribute.AGE:
            return _compares(condition, waiting.age)
        case Attribute.QUEUE_LENGTH:
            return _compares(condition, queue_length)
        case Attribute.DESIGNATED:
            return (waiting.designated_seat is not None) == bool(condition.number)
        case Attribute.DOMICILE:
            actual = waiting.domicile
        case Attribute.PROPERTY_REGION:
            actual = waiting.property_region
        case Attribute.GENDER:
            actual = waiting.gender
        case Attribute.CUSTOMER_TYPE:
            actual = waiting.customer_type
        case Attribute.PRODUCT:
            actual = waiting.product_code
        case _:
            actual = waiting.channel_code
    if not actual:
        return False
    if of.kind is Kind.REGION:
        among = any(_lies_in(actual, value) for value in condition.values)
    else:
        among = actual in condition.values
    return among == (condition.op is Op.IN)


def _compares(condition: Condition, actual: int | None) -> bool:
    if actual is None or condition.number is None:
        return False
    enough = actual >= condition.number
    return enough if condition.op is Op.AT_LEAST else not enough


def _lies_in(code: str, area: str) -> bool:
    """330100 lies in 330000: a code of a province or a city stands for what is below it."""
    return code.startswith(
        area[:2] if area.endswith("0000") else area[:4] if area.endswith("00") else area
    )


def rank(
    waiting: Waiting, policy: Policy, *, now_s: float, queue_length: int
) -> tuple[int, float, str]:
    """The place in the line: higher priority, then earlier arrival. Smaller is earlier."""
    rule = fitting_rule(waiting, policy, queue_length=queue_length)
    points = waiting.priority + (rule.priority if rule else 0)
    if policy.ageing_s:
        points += int(max(0.0, now_s - waiting.arrived_s) // policy.ageing_s)
    return (-points, waiting.arrived_s, waiting.request_id)


def plan(
    line: Sequence[Waiting], candidates: Sequence[Candidate], policy: Policy, *, now_s: float
) -> Iterator[tuple[Waiting, Decision]]:
    """One look at the whole line, first to last; each seat is given once. Who needs no reasons of
    those who go without may stop when the seats are given."""
    free = {candidate.seat_id: candidate for candidate in candidates}
    length = len(line)
    ordered = sorted(line, key=lambda w: rank(w, policy, now_s=now_s, queue_length=length))
    for waiting in ordered:
        mine = [c for c in free.values() if c.rehearsal == waiting.rehearsal]
        decision = decide(waiting, mine, policy, now_s=now_s, queue_length=length)
        if decision.seat_id is not None:
            del free[decision.seat_id]
        yield waiting, decision


def decide(
    waiting: Waiting,
    candidates: Sequence[Candidate],
    policy: Policy,
    *,
    now_s: float,
    queue_length: int,
) -> Decision:
    """The appointment's seat; else the first rule that fits; else at random.

    A booked customer waits for the booked seat: nobody else is tried while the time lasts (DSP-2).
    """
    if waiting.appointed_seat is not None:
        return _appointed(waiting, waiting.appointed_seat, candidates)
    looked: list[dict[str, str]] = []
    free = []
    for candidate in sorted(candidates, key=lambda c: c.seat_id):
        if candidate.held_for and candidate.held_for != waiting.task_id:
            looked.append({"seat": candidate.staff_no, "why_not": _("为已预约的客户保留")})
        else:
            free.append(candidate)
    skipped: list[dict[str, str]] = []
    for rule in policy.rules:
        if not rule.enabled:
            continue
        miss = _first_miss(rule, waiting, queue_length)
        if miss is None:
            return _by_rule(rule, waiting, free, looked, skipped, now_s)
        skipped.append(
            {"rule": rule.name, "why_not": _("“{name}”不符").format(name=miss.attribute.label)}
        )
    trace = {"rule": _("默认随机"), "skipped": skipped}
    if not free:
        return Decision(None, trace | {"why": _("暂无空闲坐席。"), "seats": looked})
    default = Step(scope=Scope.ALL, strategy=Strategy.RANDOM)
    return _choose(default, waiting, free, looked, trace)


def _appointed(waiting: Waiting, seat_id: int, candidates: Sequence[Candidate]) -> Decision:
    trace = {"rule": _("预约坐席")}
    for candidate in candidates:
        if candidate.seat_id == seat_id:
            why = _("客户在预约时段内呼入，分配给预约的坐席。")
            return Decision(seat_id, trace | {"why": why})
    return Decision(None, trace | {"why": _("预约的坐席暂不空闲，正在等待该坐席。")})


def _by_rule(
    rule: Rule,
    waiting: Waiting,
    free: list[Candidate],
    looked: list[dict[str, str]],
    skipped: list[dict[str, str]],
    now_s: float,
) -> Decision:
    trace: dict[str, Any] = {"rule": rule.name, "rule_key": rule.key, "skipped": skipped}
    able = [c for c in free if _has_room(rule, c)]
    looked += [
        {"seat": c.staff_no, "why_not": _("剩余处理能力不足")} for c in free if c not in able
    ]
    steps, opens_at = rule.open_steps(now_s - waiting.arrived_s)
    for number, step in enumerate(steps, start=1):
        allowed = [c for c in able if _in_scope(step, waiting, c)]
        if allowed:
            outside = _("不在第 {step} 步的范围内").format(step=number)
            looked += [{"seat": c.staff_no, "why_not": outside} for c in able if c not in allowed]
            return _choose(step, waiting, allowed, looked, trace | {"step": number})
    looked += [{"seat": c.staff_no, "why_not": _("不在已放宽的范围内")} for c in able]
    trace |= {"step": len(steps), "seats": looked[:SEATS_NAMED]}
    if opens_at is not None:
        why = _("范围内暂无空闲坐席；等满 {wait} 秒放宽到下一步。").format(wait=opens_at)
    else:
        why = _("规则范围内的坐席均不空闲。") if able else _("暂无空闲坐席。")
    return Decision(None, trace | {"why": why}, opens_at)


def _has_room(rule: Rule, candidate: Candidate) -> bool:
    return all(
        candidate.room is None or _compares(condition, candidate.room)
        for condition in rule.conditions
        if condition.attribute in OF_SEAT
    )


def _in_scope(step: Step, waiting: Waiting, candidate: Candidate) -> bool:
    match step.scope:
        case Scope.DESIGNATED:
            return candidate.seat_id == waiting.designated_seat
        case Scope.SERVED:
            return candidate.seat_id in _known_seats(step, waiting)
        case Scope.INSTITUTION:
            return bool(waiting.institution) and candidate.institution == waiting.institution
        case Scope.SEATS:
            return candidate.seat_id in step.seats
        case Scope.ALL:
            return True


def _known_seats(step: Step, waiting: Waiting) -> list[int]:
    return [seat for seat, days in waiting.served if days <= step.within_days]


def _choose(
    step: Step,
    waiting: Waiting,
    allowed: Sequence[Candidate],
    looked: list[dict[str, str]],
    trace: dict[str, Any],
) -> Decision:
    """`allowed` is in the order of the seats' numbers, so that the dice fall the same for all."""
    # Fairness, not secrecy; seeded so that it can be derived again.
    dice = random.Random(f"{waiting.request_id}:{waiting.attempt}")  # noqa: S311
    strategy = step.strategy
    match strategy:
        case Strategy.LONGEST_IDLE:
            chosen = max(allowed, key=lambda c: c.idle_s)
        case Strategy.LEAST_LOADED:
            chosen = min(allowed, key=lambda c: c.served_today)
        case Strategy.LAST_SERVED:
            known = [c for s in _known_seats(step, waiting) for c in allowed if c.seat_id == s]
            chosen = known[0] if known else dice.choice(allowed)
        case Strategy.WEIGHTED:
            chosen = dice.choices(allowed, weights=_weights(allowed))[0]
        case _:
            chosen = dice.choice(allowed)
    why_not = _not_chosen(strategy, chosen)
    others = (c for c in allowed if c is not chosen)
    named = islice(others, max(0, SEATS_NAMED - len(looked)))
    looked += [{"seat": c.staff_no, "why_not": why_not(c)} for c in named]
    why = _("按“{strategy}”选中 {seat}。").format(strategy=strategy.label, seat=chosen.staff_no)
    return Decision(chosen.seat_id, trace | {"why": why, "seats": looked[:SEATS_NAMED]})


def _not_chosen(strategy: Strategy, chosen: Candidate) -> Callable[[Candidate], str]:
    """Why another one was not. The words are looked up once: a play asks a million times."""
    match strategy:
        case Strategy.LONGEST_IDLE:
            words = _("空闲 {mine} 秒，短于 {theirs} 秒")
            return lambda other: words.format(mine=round(other.idle_s), theirs=round(chosen.idle_s))
        case Strategy.LEAST_LOADED:
            words = _("今日已接待 {mine} 件，不少于 {theirs} 件")
            return lambda other: words.format(mine=other.served_today, theirs=chosen.served_today)
        case _:
            words = _("策略选择了其他坐席")
            return lambda other: words


def _weights(allowed: Sequence[Candidate]) -> list[int]:
    """What each can still take today; without a limit as much as the widest. All full: even."""
    rooms = [c.room for c in allowed]
    widest = max((room for room in rooms if room is not None), default=1)
    weights = [widest if room is None else room for room in rooms]
    return weights if any(weights) else [1] * len(allowed)
