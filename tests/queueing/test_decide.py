"""Choosing a seat, as a pure function."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from queueing.decide import Candidate, Waiting, decide, plan
from queueing.rules import Names, Policy, sentence, warnings_of
from queueing.states import Strategy

NAMES = Names({1: "宋怀瑾"}, {"330000": "浙江省", "320000": "江苏省"}.__getitem__, {}, {})

candidates = st.lists(
    st.builds(
        Candidate,
        seat_id=st.integers(1, 30),
        staff_no=st.just("S"),
        idle_s=st.floats(0, 10_000),
        served_today=st.integers(0, 40),
        capacity=st.integers(0, 40),
        held_for=st.sampled_from(["", "another"]),
    ),
    max_size=8,
    unique_by=lambda c: c.seat_id,
)
conditions = st.sampled_from(
    [
        {"attribute": "product", "op": "in", "values": ["YXD"]},
        {"attribute": "product", "op": "not_in", "values": ["YXD"]},
        {"attribute": "age", "op": "at_least", "number": 65},
        {"attribute": "queue_length", "op": "less_than", "number": 3},
        {"attribute": "seat_capacity", "op": "at_least", "number": 5},
        {"attribute": "designated", "op": "is", "number": 1},
    ]
)
first_steps: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    scope=st.sampled_from(["all", "served", "designated", "institution"]),
    strategy=st.sampled_from(list(Strategy)),
    wait_s=st.integers(1, 60),
)
policies = st.builds(
    lambda rules: Policy(rules=[{**r, "key": f"r{n}"} for n, r in enumerate(rules)]),
    st.lists(
        st.fixed_dictionaries(
            {
                "name": st.just("规则"),
                "enabled": st.booleans(),
                "conditions": st.lists(conditions, max_size=2),
                "steps": st.lists(first_steps, min_size=1, max_size=3),
            }
        ),
        max_size=4,
    ),
)
waiting = st.builds(
    Waiting,
    request_id=st.text("abc", min_size=1, max_size=3),
    arrived_s=st.integers(0, 900).map(float),
    task_id=st.just("own"),
    priority=st.integers(0, 2),
    product_code=st.sampled_from(["YXD", "OTHER"]),
    age=st.one_of(st.none(), st.integers(18, 90)),
    appointed_seat=st.one_of(st.none(), st.integers(1, 30)),
    designated_seat=st.one_of(st.none(), st.integers(1, 30)),
    served=st.lists(st.tuples(st.integers(1, 30), st.floats(0, 200)), max_size=3).map(tuple),
)


def ask(who: Waiting, seats: list[Candidate], policy: Policy, now_s: float = 1000.0) -> Any:
    return decide(who, seats, policy, now_s=now_s, queue_length=1)


def rules(*rows: dict[str, Any], **fields: Any) -> Policy:
    return Policy(
        rules=[{"key": f"r{n}", "name": f"规则{n}", **row} for n, row in enumerate(rows)], **fields
    )


def someone(**fields: Any) -> Waiting:
    return Waiting(**{"request_id": "r", "arrived_s": 1000.0, "task_id": "own", **fields})


@given(waiting, candidates, policies)
def test_the_same_question_has_the_same_answer_whatever_the_order(who, seats, policy):
    first = ask(who, seats, policy)

    assert ask(who, seats[::-1], policy).seat_id == first.seat_id
    assert first.trace["why"]


@given(waiting, candidates, policies)
def test_only_free_seats_are_chosen_and_held_ones_only_for_their_customer(who, seats, policy):
    chosen = ask(who, seats, policy).seat_id

    if who.appointed_seat is not None:
        assert chosen in {who.appointed_seat, None}
    elif chosen is not None:
        assert chosen in {c.seat_id for c in seats if not c.held_for}


@given(waiting, candidates)
def test_without_rules_nobody_waits_while_a_seat_is_free(who, seats):
    free = {c.seat_id for c in seats if not c.held_for}

    chosen = ask(who, seats, Policy()).seat_id

    if who.appointed_seat is None:
        assert (chosen in free) if free else chosen is None


@given(st.lists(waiting, max_size=8, unique_by=lambda w: w.request_id), candidates, policies)
def test_a_plan_gives_each_seat_once_and_nobody_overtakes_for_a_seat_he_could_have(
    line, seats, policy
):
    planned = list(plan(line, seats, policy, now_s=1000.0))

    given_seats = [d.seat_id for _w, d in planned if d.seat_id is not None]
    assert len(given_seats) == len(set(given_seats))
    by_id = {c.seat_id: c for c in seats}
    for place, (earlier, decision) in enumerate(planned):
        if decision.seat_id is None:
            later = [by_id[d.seat_id] for _w, d in planned[place:] if d.seat_id is not None]
            alone = decide(earlier, later, policy, now_s=1000.0, queue_length=len(line))
            assert alone.seat_id is None


def test_the_longest_idle_seat_is_chosen_by_its_rule():
    seats = [Candidate(1, "A", 30, 0), Candidate(2, "B", 90, 5)]
    policy = rules({"steps": [{"scope": "all", "strategy": "longest_idle"}]})

    decision = ask(someone(), seats, policy)

    assert (decision.seat_id, decision.trace["rule"]) == (2, "规则0")
    assert decision.trace["seats"] == [{"seat": "A", "why_not": "空闲 30 秒，短于 90 秒"}]


@pytest.mark.parametrize(
    ("condition", "fits", "fits_not"),
    [
        ({"attribute": "gender", "op": "in", "values": ["female"]}, {"gender": "female"}, {}),
        ({"attribute": "age", "op": "at_least", "number": 65}, {"age": 65}, {"age": 64}),
        ({"attribute": "age", "op": "less_than", "number": 65}, {"age": 64}, {"age": None}),
        (
            {"attribute": "domicile", "op": "in", "values": ["330000"]},
            {"domicile": "330102"},
            {"domicile": "320102"},
        ),
        (
            {"attribute": "property_region", "op": "not_in", "values": ["330100"]},
            {"property_region": "330200"},
            {"property_region": "330102"},
        ),
        (
            {"attribute": "customer_type", "op": "in", "values": ["vip", "whitelist"]},
            {"customer_type": "vip"},
            {"customer_type": "good"},
        ),
        (
            {"attribute": "designated", "op": "is", "number": 1},
            {"designated_seat": 7},
            {"designated_seat": None},
        ),
        ({"attribute": "channel", "op": "in", "values": ["APP"]}, {"channel_code": "APP"}, {}),
        ({"attribute": "product", "op": "in", "values": ["YXD"]}, {"product_code": "YXD"}, {}),
    ],
)
def test_every_attribute_of_the_customer_decides_whether_a_rule_fits(condition, fits, fits_not):
    policy = rules(
        {"conditions": [condition], "steps": [{"scope": "all", "strategy": "longest_idle"}]}
    )
    seats = [Candidate(1, "A", 30, 0)]

    assert ask(someone(**fits), seats, policy).trace["rule"] == "规则0"
    missed = ask(someone(**fits_not), seats, policy).trace
    assert missed["rule"] == "默认随机"
    assert missed["skipped"][0]["rule"] == "规则0"


def test_the_length_of_the_line_decides_too():
    condition = {"attribute": "queue_length", "op": "at_least", "number": 2}
    policy = rules({"conditions": [condition], "steps": [{"scope": "all", "strategy": "random"}]})
    line = [someone(request_id="a"), someone(request_id="b")]

    short = list(plan(line[:1], [Candidate(1, "A", 0, 0)], policy, now_s=1000.0))
    long = list(plan(line, [Candidate(1, "A", 0, 0)], policy, now_s=1000.0))

    assert (short[0][1].trace["rule"], long[0][1].trace["rule"]) == ("默认随机", "规则0")


def test_a_seat_without_room_for_another_case_is_passed_over():
    condition = {"attribute": "seat_capacity", "op": "at_least", "number": 1}
    policy = rules(
        {"conditions": [condition], "steps": [{"scope": "all", "strategy": "longest_idle"}]}
    )
    seats = [Candidate(1, "A", 90, 8, capacity=8), Candidate(2, "B", 30, 7, capacity=8)]

    assert ask(someone(), seats, policy).seat_id == 2
    assert ask(someone(), seats[:1], policy).seat_id is None


def test_weights_follow_what_a_seat_can_still_take():
    policy = rules({"steps": [{"scope": "all", "strategy": "weighted"}]})
    seats = [Candidate(1, "A", 0, 0, capacity=9), Candidate(2, "B", 0, 8, capacity=9)]

    chosen = [ask(someone(request_id=str(n)), seats, policy).seat_id for n in range(1000)]

    assert 860 < chosen.count(1) < 940


def test_a_rule_widens_step_by_step_and_says_when():
    policy = rules(
        {
            "steps": [
                {"scope": "served", "strategy": "last_served", "within_days": 90, "wait_s": 30},
                {"scope": "all", "strategy": "longest_idle"},
            ]
        }
    )
    known = someone(served=((1, 42.0), (3, 91.0)))
    stranger = [Candidate(2, "B", 5, 0), Candidate(3, "C", 9, 0)]

    early = ask(known, stranger, policy, now_s=1029.0)
    late = ask(known, stranger, policy, now_s=1030.0)
    back = ask(known, [*stranger, Candidate(1, "A", 1, 0)], policy, now_s=1030.0)

    assert (early.seat_id, early.opens_at_s) == (None, 30)
    assert early.trace["why"] == "范围内暂无空闲坐席；等满 30 秒放宽到下一步。"
    assert (late.seat_id, late.trace["step"]) == (3, 2)
    assert (back.seat_id, back.trace["step"]) == (1, 1)


def test_priority_goes_first_and_waiting_makes_up_for_it():
    vip = {"attribute": "customer_type", "op": "in", "values": ["vip"]}
    policy = rules(
        {"conditions": [vip], "priority": 2, "steps": [{"scope": "all", "strategy": "random"}]},
        ageing_s=300,
    )
    seat = [Candidate(1, "A", 0, 0)]
    first = someone(request_id="first", arrived_s=0.0)
    later = someone(request_id="later", arrived_s=200.0, customer_type="vip")

    soon = list(plan([first, later], seat, policy, now_s=250.0))
    at_last = list(plan([first, later], seat, policy, now_s=900.0))

    assert soon[0][0] is later
    assert at_last[0][0] is later
    # Past two steps of ageing ahead of the other: 3 against 2 + 1 (a tie goes to who came first).
    assert (
        next(
            plan(
                [first, someone(request_id="x", arrived_s=700.0, customer_type="vip")],
                seat,
                policy,
                now_s=901.0,
            )
        )[0]
        is first
    )


def test_a_rule_reads_as_a_sentence():
    policy = rules(
        {
            "conditions": [
                {"attribute": "customer_type", "op": "in", "values": ["vip", "whitelist"]},
                {"attribute": "property_region", "op": "in", "values": ["330000", "320000"]},
                {"attribute": "queue_length", "op": "less_than", "number": 10},
            ],
            "steps": [
                {"scope": "served", "strategy": "last_served", "within_days": 90, "wait_s": 30},
                {"scope": "all", "strategy": "random"},
            ],
            "priority": 2,
        }
    )

    assert sentence(policy.rules[0], NAMES) == (
        "当客户类型是VIP、白名单之一，且房屋属地是浙江省、江苏省之一，且排队人数少于 10 人时，"
        "先找90 天内接待过该客户的坐席中最近接待过的优先；30 秒没有，"
        "再找全部示闲坐席中随机分配；优先级加 2。"
    )


@pytest.mark.parametrize(
    "condition",
    [
        {"attribute": "age", "op": "in", "values": ["65"]},
        {"attribute": "age", "op": "at_least", "number": 151},
        {"attribute": "gender", "op": "in", "values": ["other"]},
        {"attribute": "domicile", "op": "in", "values": ["浙江"]},
        {"attribute": "customer_type", "op": "in", "values": []},
        {"attribute": "designated", "op": "is", "number": 2},
        {"attribute": "shoe_size", "op": "is", "number": 1},
    ],
)
def test_a_condition_of_another_type_is_refused(condition):
    with pytest.raises(ValidationError):
        rules({"conditions": [condition], "steps": [{"scope": "all", "strategy": "random"}]})


def test_what_can_never_be_reached_or_never_widens_is_pointed_out():
    policy = rules(
        {"steps": [{"scope": "seats", "seats": [1], "strategy": "random"}]},
        {"steps": [{"scope": "all", "strategy": "random"}]},
    )

    assert [(w["rule"], w["text"][:5]) for w in warnings_of(policy, NAMES)] == [
        ("r0", "最后一步不"),
        ("r1", "前面的“规"),
    ]
