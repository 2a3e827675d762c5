"""Choosing a seat, as a pure function."""

from hypothesis import given
from hypothesis import strategies as st

from queueing.decide import Candidate, Rule, Waiting, decide
from queueing.states import Strategy

candidates = st.lists(
    st.builds(
        Candidate,
        seat_id=st.integers(1, 30),
        staff_no=st.just("S"),
        idle_s=st.floats(0, 10_000),
        served_today=st.integers(0, 40),
        held_for=st.sampled_from(["", "appointment"]),
    ),
    max_size=8,
    unique_by=lambda c: c.seat_id,
)
rules = st.lists(
    st.builds(
        Rule,
        rule_id=st.integers(1, 9),
        name=st.just("规则"),
        strategy=st.sampled_from(Strategy),
        product_code=st.sampled_from(["", "YXD", "OTHER"]),
        seat_ids=st.frozensets(st.integers(1, 30), max_size=5),
    ),
    max_size=4,
)
waiting = st.builds(
    Waiting,
    request_id=st.just("r"),
    product_code=st.just("YXD"),
    channel_code=st.just("APP"),
    property_province=st.just("330000"),
    appointed_seat=st.one_of(st.none(), st.integers(1, 30)),
    served_by=st.lists(st.integers(1, 30), max_size=3).map(tuple),
)


@given(waiting, candidates, rules, st.text(max_size=5))
def test_the_same_question_has_the_same_answer_whatever_the_order(who, seats, given_rules, seed):
    first = decide(who, seats, given_rules, seed=seed)

    assert decide(who, seats[::-1], given_rules, seed=seed).seat_id == first.seat_id
    assert first.trace["why"]


@given(waiting, candidates, rules)
def test_only_free_seats_are_chosen_and_held_ones_only_for_their_customer(who, seats, given_rules):
    chosen = decide(who, seats, given_rules, seed="s").seat_id

    if who.appointed_seat is not None:
        assert chosen in {who.appointed_seat, None}
    elif chosen is not None:
        assert chosen in {c.seat_id for c in seats if not c.held_for}


def test_the_longest_idle_seat_is_chosen_by_its_rule():
    seats = [Candidate(1, "A", 30, 0), Candidate(2, "B", 90, 5)]
    rule = Rule(1, "空闲", Strategy.LONGEST_IDLE)

    decision = decide(Waiting("r", "YXD", "APP", ""), seats, [rule], seed="s")

    assert (decision.seat_id, decision.trace["rule"]) == (2, "空闲")
