"""Choosing the seat for a waiting request. Pure, seeded, explained (DSP-1…3)."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from .states import Strategy


@dataclass(frozen=True, slots=True)
class Waiting:
    request_id: str
    product_code: str
    channel_code: str
    property_province: str
    appointed_seat: int | None = None  # inside the appointment's slot
    served_by: tuple[int, ...] = ()  # seats of earlier calls of the contract, latest first


@dataclass(frozen=True, slots=True)
class Candidate:
    seat_id: int
    staff_no: str
    idle_s: float
    served_today: int
    # held for the booked customer of a slot that has begun or begins within minutes
    held_for: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    rule_id: int
    name: str
    strategy: Strategy
    product_code: str = ""
    channel_code: str = ""
    property_province: str = ""
    seat_ids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """`seat_id` None: nobody can take it now; `trace` says why, in Chinese, for supervisors."""

    seat_id: int | None
    trace: dict[str, Any] = field(default_factory=dict)


def decide(
    waiting: Waiting, candidates: Sequence[Candidate], rules: Sequence[Rule], *, seed: str
) -> Decision:
    """The appointment's seat; else the first rule that fits; else at random.

    A booked customer waits for the booked seat: nobody else is tried while the slot lasts (DSP-2).
    """
    considered: list[dict[str, Any]] = []
    if waiting.appointed_seat is not None:
        for candidate in candidates:
            if candidate.seat_id == waiting.appointed_seat:
                return Decision(
                    candidate.seat_id,
                    {"rule": _("预约坐席"), "why": _("客户在预约时段内呼入，分配给预约的坐席。")},
                )
        return Decision(
            None, {"rule": _("预约坐席"), "why": _("预约的坐席暂不空闲，正在等待该坐席。")}
        )
    free = [c for c in candidates if not c.held_for]
    considered += [
        {"seat": c.staff_no, "why_not": _("为即将到来的预约保留")} for c in candidates if c.held_for
    ]
    for rule in rules:
        if not _fits(rule, waiting):
            continue
        allowed = [c for c in free if not rule.seat_ids or c.seat_id in rule.seat_ids]
        considered += [
            {
                "seat": c.staff_no,
                "why_not": _("不在规则“{rule}”的坐席范围内").format(rule=rule.name),
            }
            for c in free
            if c not in allowed
        ]
        if not allowed:
            return Decision(
                None, {"rule": rule.name, "why": _("规则限定的坐席均不空闲。"), "seats": considered}
            )
        return _choose(rule.name, rule.strategy, waiting, allowed, considered, seed)
    if not free:
        return Decision(
            None, {"rule": _("默认随机"), "why": _("暂无空闲坐席。"), "seats": considered}
        )
    return _choose(_("默认随机"), Strategy.RANDOM, waiting, free, considered, seed)


def _fits(rule: Rule, waiting: Waiting) -> bool:
    return all(
        not wanted or wanted == actual
        for wanted, actual in (
            (rule.product_code, waiting.product_code),
            (rule.channel_code, waiting.channel_code),
            (rule.property_province, waiting.property_province),
        )
    )


def _choose(
    rule: str,
    strategy: Strategy,
    waiting: Waiting,
    allowed: Sequence[Candidate],
    considered: list[dict[str, Any]],
    seed: str,
) -> Decision:
    ordered = sorted(allowed, key=lambda c: c.seat_id)
    dice = random.Random(seed)  # noqa: S311 - fairness, not secrecy; seeded so it can be re-derived
    match strategy:
        case Strategy.LONGEST_IDLE:
            chosen = max(ordered, key=lambda c: c.idle_s)
        case Strategy.LEAST_LOADED:
            chosen = min(ordered, key=lambda c: c.served_today)
        case Strategy.LAST_SERVED:
            known = [c for s in waiting.served_by for c in ordered if c.seat_id == s]
            chosen = known[0] if known else dice.choice(ordered)
        case _:
            chosen = dice.choice(ordered)
    considered += [
        {"seat": c.staff_no, "why_not": _("策略选择了其他坐席")} for c in ordered if c is not chosen
    ]
    return Decision(
        chosen.seat_id,
        {
            "rule": rule,
            "why": _("按“{strategy}”选中 {seat}。").format(
                strategy=strategy.label, seat=chosen.staff_no
            ),
            "seats": considered,
        },
    )
