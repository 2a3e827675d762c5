"""The tables of moves, walked at random."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import IllegalMove
from interviews.states import (
    CALL_MACHINE,
    TASK_MACHINE,
    CallMove,
    CallState,
    TaskMove,
    TaskState,
)


@given(st.lists(st.sampled_from(CallMove), max_size=12))
def test_a_call_never_runs_again_after_it_ended(moves):
    state, ended = CallState.CONNECTING, False
    for move in moves:
        try:
            state = CALL_MACHINE.after(state, move)
        except IllegalMove:
            continue
        ended = ended or state == CallState.ENDED
        assert not (ended and state in {CallState.CONNECTING, CallState.PREROLL, CallState.LIVE})


@given(st.lists(st.sampled_from(TaskMove), min_size=1, max_size=6))
def test_only_the_first_verdict_moves_a_task(moves):
    state = TASK_MACHINE.after(TaskState.PENDING, moves[0])

    for move in moves[1:]:
        with pytest.raises(IllegalMove):
            TASK_MACHINE.after(state, move)


def test_a_call_is_filed_only_after_it_ended():
    with pytest.raises(IllegalMove) as refusal:
        CALL_MACHINE.after(CallState.LIVE, CallMove.FILE)

    assert refusal.value.facts == {"state": "LIVE", "move": "file"}
