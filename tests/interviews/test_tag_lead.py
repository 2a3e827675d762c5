"""How far back a tag is stamped: by parameter, for a seat before everybody."""

import pytest

from interviews.policy import tag_lead_ms
from parameters.services import set_value
from tests.support.factories import make_call

pytestmark = pytest.mark.django_db


def test_a_seats_own_tag_lead_counts_before_the_products():
    call = make_call()
    seat_no = call.seat.user.staff_no
    set_value("tag_lead_ms", 8000, scope="product", code=call.task.product_code, by="S1")
    set_value("tag_lead_ms", 2000, scope="seat", code=seat_no, by="S1")

    assert tag_lead_ms(call.task, seat_no) == 2000
    assert tag_lead_ms(call.task, "another") == 8000
