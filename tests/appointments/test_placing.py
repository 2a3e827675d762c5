"""Who takes over which appointment: never twice at once, and as many as can be."""

import datetime as dt
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from appointments.placing import Wanted, place

NINE = dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC)
SEATS = (1, 2, 3)


def wanted_at(number, hour, seats):
    start = NINE + dt.timedelta(hours=hour)
    return Wanted(number, (start, start + dt.timedelta(hours=1)), tuple(sorted(seats)))


CASES = st.lists(st.tuples(st.integers(0, 1), st.sets(st.sampled_from(SEATS))), max_size=5).map(
    lambda rows: [wanted_at(n, hour, seats) for n, (hour, seats) in enumerate(rows)]
)


def collides(wanted, placed):
    taken = [
        (placed[item.appointment_id], item.span) for item in wanted if item.appointment_id in placed
    ]
    return len(taken) != len(set(taken))


def most_possible(wanted):
    best = 0
    for choice in product((None, *SEATS), repeat=len(wanted)):
        placed = {
            item.appointment_id: seat
            for item, seat in zip(wanted, choice, strict=True)
            if seat is not None and seat in item.free_seats
        }
        if not collides(wanted, placed):
            best = max(best, len(placed))
    return best


@given(CASES, st.text(max_size=5))
def test_nobody_is_given_two_at_once_and_no_more_could_be_placed(wanted, seed):
    placed = place(wanted, seed=seed)

    assert all(
        placed[i.appointment_id] in i.free_seats for i in wanted if i.appointment_id in placed
    )
    assert not collides(wanted, placed)
    assert len(placed) == most_possible(wanted)


@given(CASES, st.text(max_size=5))
def test_the_preview_is_what_would_be_applied(wanted, seed):
    assert place(wanted, seed=seed) == place(wanted, seed=seed)


def test_a_choice_by_hand_stands_and_the_others_go_around_it():
    both = [wanted_at(1, 0, {1, 2}), wanted_at(2, 0, {1, 2})]

    assert place(both, seed="any", chosen={1: 2}) == {1: 2, 2: 1}


def test_a_choice_that_is_not_free_is_not_placed_elsewhere():
    assert place([wanted_at(1, 0, {1})], seed="any", chosen={1: 3}) == {}
