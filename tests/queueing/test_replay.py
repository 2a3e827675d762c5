"""A day played again: the same code as live, only the clock is the past's."""

import datetime as dt
from itertools import pairwise

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from interviews.models import Call
from interviews.states import CallState
from queueing.decide import Waiting
from queueing.models import CallRequest, Offer
from queueing.replay import (
    Arrival,
    Hold,
    Past,
    SeatFacts,
    Shift,
    jain,
    measure,
    moved,
    play,
    quantile,
)
from queueing.rules import Policy
from queueing.states import OfferState, RequestState
from queueing.trial import compare, past_of
from seats.models import PresenceHistory
from seats.states import Presence
from tests.support.factories import make_seat, make_task

SEATS = {1: SeatFacts("A"), 2: SeatFacts("B")}
VIP_FIRST = Policy(
    rules=[
        {
            "key": "vip",
            "name": "VIP",
            "conditions": [{"attribute": "customer_type", "op": "in", "values": ["vip"]}],
            "steps": [{"scope": "all", "strategy": "longest_idle"}],
            "priority": 3,
        }
    ],
    ageing_s=0,
)


def came(name, at_s, *, handling_s=100.0, patience_s=None, **fields):
    waiting = Waiting(request_id=name, arrived_s=float(at_s), task_id=name, **fields)
    return Arrival(waiting, handling_s, patience_s)


ONE_SEAT = (Shift(1, 0.0, 1000.0),)


def past(*arrivals, shifts=ONE_SEAT, holds=()):
    return Past(arrivals, tuple(shifts), tuple(holds), SEATS, ringing_s=0.0)


def test_one_seat_serves_in_the_order_of_arrival():
    outcome = play(past(came("a", 0), came("b", 10), came("c", 20)), Policy())

    assert [(a.waited_s, a.seat_id) for a in outcome.answers.values()] == [
        (0.0, 1),
        (90.0, 1),
        (180.0, 1),
    ]
    assert (outcome.overtaken, outcome.left, outcome.unserved) == (0, 0, 0)


def test_priority_overtakes_and_is_counted():
    story = past(came("a", 0), came("b", 10), came("c", 20, customer_type="vip"))

    outcome = play(story, VIP_FIRST)

    assert (outcome.answers["c"].waited_s, outcome.answers["b"].waited_s) == (80.0, 190.0)
    assert measure(outcome, target_s=60)["overtaken_per_1000"] == pytest.approx(1000 / 3)


def test_who_had_no_patience_leaves_when_he_really_left():
    outcome = play(past(came("a", 0), came("b", 10, patience_s=30.0)), Policy())

    assert list(outcome.answers) == ["a"]
    assert outcome.left == 1


def test_a_seat_takes_nobody_after_its_work_but_finishes_its_case():
    outcome = play(past(came("a", 0), came("b", 10), shifts=[Shift(1, 0.0, 50.0)]), Policy())

    assert list(outcome.answers) == ["a"]
    assert outcome.unserved == 1


def test_a_held_seat_is_for_its_customer_until_the_hold_ends():
    story = past(
        came("walk-in", 0),
        came("booked", 40, appointed_seat=1),
        holds=[Hold(1, "booked", 0.0, 500.0)],
    )

    outcome = play(story, Policy())

    assert (outcome.answers["booked"].waited_s, outcome.answers["walk-in"].waited_s) == (0.0, 500.0)


def test_a_rule_that_widens_is_looked_at_when_it_widens():
    policy = Policy(
        rules=[
            {
                "key": "own",
                "name": "熟悉",
                "steps": [
                    {"scope": "served", "strategy": "random", "wait_s": 30},
                    {"scope": "all", "strategy": "random"},
                ],
            }
        ]
    )

    outcome = play(past(came("a", 0)), policy)

    assert outcome.answers["a"].waited_s == 30.0


def test_jain_and_quantiles_are_what_they_are_called():
    assert jain([1, 1, 1, 1]) == 1.0
    assert jain([1, 0, 0, 0]) == 0.25
    assert jain([]) is None
    assert [quantile([3, 1, 2, 4], share) for share in (0.5, 0.95)] == [2, 4]


arrivals = st.lists(
    st.tuples(
        st.integers(0, 500),
        st.integers(1, 120),
        st.one_of(st.none(), st.integers(1, 200)),
        st.sampled_from(["ordinary", "vip"]),
    ),
    max_size=25,
)


@given(arrivals, st.sampled_from([Policy(), VIP_FIRST]))
def test_everybody_is_served_leaves_or_is_left_and_no_seat_has_two(rows, policy):
    story = past(
        *(
            came(f"{n}", at, handling_s=float(long), patience_s=stays, customer_type=kind)
            for n, (at, long, stays, kind) in enumerate(rows)
        ),
        shifts=[Shift(1, 0.0, 400.0), Shift(2, 100.0, 300.0), Shift(2, 350.0, 450.0)],
    )

    outcome = play(story, policy)

    assert len(outcome.answers) + outcome.left + outcome.unserved == len(rows)
    for seat_id in SEATS:
        spans = sorted(
            (a.arrived_s + a.waited_s, float(rows[int(name)][1]))
            for name, a in outcome.answers.items()
            if a.seat_id == seat_id
        )
        assert all(start + long <= later for (start, long), (later, _l) in pairwise(spans))
    if policy is not VIP_FIRST:
        assert outcome.overtaken == 0


def three_calls_of_yesterday():
    """From nine on, one a minute, ten minutes each, at the first of two seats that were there."""
    day = timezone.localdate() - dt.timedelta(days=1)
    nine = timezone.make_aware(dt.datetime.combine(day, dt.time(9)))
    seats = [make_seat("810001"), make_seat("810002")]
    for seat in seats:
        PresenceHistory.objects.create(
            seat=seat, state=Presence.READY, since=nine, until=nine + dt.timedelta(hours=1)
        )
        PresenceHistory.objects.create(
            seat=seat,
            state=Presence.PAUSED,
            since=nine + dt.timedelta(hours=1),
            until=nine + dt.timedelta(hours=2),
        )
    for minute in (0, 1, 2):
        at = nine + dt.timedelta(minutes=minute)
        task = make_task()
        call = Call.objects.create(
            task=task,
            number=1,
            seat=seats[0],
            state=CallState.ENDED,
            clock_started_at=at,
            ended_at=at + dt.timedelta(seconds=630),
        )
        request = CallRequest.objects.create(
            task=task,
            party=task.parties.get(),
            state=RequestState.CONNECTED,
            arrived_at=at,
            closed_at=at + dt.timedelta(seconds=30),
            call=call,
        )
        Offer.objects.create(
            request=request,
            seat=seats[0],
            state=OfferState.ACCEPTED,
            offered_at=at + dt.timedelta(seconds=26),
            deadline_at=at + dt.timedelta(seconds=46),
            closed_at=at + dt.timedelta(seconds=30),
        )
    return nine


@pytest.mark.django_db
def test_the_past_is_read_as_it_was_and_both_versions_are_played():
    nine = three_calls_of_yesterday()
    day = nine.date()

    story, waits = past_of(day, day, [Policy()])
    found = compare(VIP_FIRST, day, day)

    assert [arrival.handling_s for arrival in story.arrivals] == [660.0, 660.0, 660.0]
    assert [(s.start_s, s.end_s) for s in story.shifts] == [
        (nine.timestamp(), nine.timestamp() + 3600)
    ] * 2
    assert (waits, story.ringing_s) == ([30.0] * 3, 4.0)
    assert (found["arrivals"], found["seats"]) == (3, 2)
    assert moved(play(story, Policy()), play(story, Policy())) == []
    # Two are served at once; the third when the first seat is free again.
    assert found["in_force"]["wait_p95_s"] == 660 + 4 - 120 + 4
    assert found["draft"] == found["in_force"]


@pytest.mark.django_db
def test_work_after_the_last_arrival_that_is_played_is_no_idle_time(monkeypatch):
    nine = three_calls_of_yesterday()
    monkeypatch.setattr("queueing.trial.MOST_ARRIVALS", 1)
    monkeypatch.setattr("queueing.trial.WORKED_OFF", dt.timedelta(minutes=5))

    story, _waits = past_of(nine.date(), nine.date(), [Policy()])

    [arrival] = story.arrivals
    assert {shift.end_s for shift in story.shifts} == {arrival.waiting.arrived_s + 300}


def test_a_play_tells_how_far_it_has_come():
    told: list[float] = []

    play(past(came("a", 0), came("b", 10), came("c", 20)), Policy(), tell=told.append)

    assert told == pytest.approx([1 / 3, 2 / 3, 1])
