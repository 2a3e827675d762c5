"""The microphone of a seat can be off when a call begins (WB-6)."""

import pytest

from interviews.models import Participant
from parameters.services import set_value
from tests.support.factories import make_call, make_seat

pytestmark = pytest.mark.django_db


def test_a_seat_joins_muted_where_its_setting_says_so_and_the_timeline_tells():
    quiet, other = make_seat(), make_seat()
    set_value("seat_joins_muted", 1, scope="seat", code=quiet.user.staff_no, by="test")

    muted = make_call(seat=quiet)
    heard = make_call(seat=other)

    assert Participant.objects.get(call=muted, role="seat").muted
    assert not Participant.objects.get(call=muted, role="customer").muted
    (event,) = muted.events.filter(kind="mute")
    assert event.until_ms is None
    assert not Participant.objects.get(call=heard, role="seat").muted
    assert not heard.events.filter(kind="mute").exists()
