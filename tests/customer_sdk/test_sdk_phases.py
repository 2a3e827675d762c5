"""Which screen belongs to which state. Pure."""

import pytest

from customer_sdk.states import Phase, phase_of
from interviews.states import CallState, ParticipantState
from queueing.states import RequestState


@pytest.mark.parametrize("request_state", [None, *RequestState])
@pytest.mark.parametrize("call_state", [None, *CallState])
@pytest.mark.parametrize("place_state", [None, *ParticipantState])
def test_every_combination_has_a_phase(
    request_state: str | None, call_state: str | None, place_state: str | None
):
    assert phase_of(request_state, call_state, place_state) in Phase


def test_a_place_in_a_running_call_outweighs_the_line():
    assert phase_of("CONNECTED", "LIVE", "LOST") is Phase.RECONNECTING
    assert phase_of("CONNECTED", "LIVE", "PRESENT") is Phase.LIVE


def test_an_ended_call_is_ended_for_those_who_left_it_too():
    assert phase_of("CONNECTED", "ENDED", "LEFT") is Phase.ENDED


def test_who_left_a_running_call_may_call_in_again():
    assert phase_of("CONNECTED", "LIVE", "LEFT") is Phase.READY
