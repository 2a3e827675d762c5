"""Seats at the wallboard: who is signed in since when, and what a supervisor does about one."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from accounts.models import Institution, User
from audit.models import AuditEntry
from queueing.models import Offer
from seats import services as seats
from seats.selectors import presence_of
from seats.states import Presence
from tests.queueing.test_line_page import calling, ready_seat, supervisor
from tests.queueing.test_rule_pages import entered
from tests.support.factories import SEAT_ACTOR, make_seat

pytestmark = pytest.mark.django_db


def act(client, seat, what, **body):
    return client.post(reverse(f"queueing:{what}", args=[seat.pk]), body)


def test_the_board_lists_who_is_signed_in_of_ones_scope():
    first, second, _away = ready_seat(), ready_seat(), make_seat()
    here = Institution.objects.create(code="1", name="总行")
    User.objects.filter(pk=second.user_id).update(institution=here)
    whole, near = supervisor(), entered("M2", "dispatch.view")
    User.objects.filter(staff_no="M2").update(institution=here)
    User.objects.get(staff_no="M2").roles.update(scope="institution")

    def rows(client):
        cache.clear()
        return client.get(reverse("queueing:board")).json()["seat_rows"]

    assert [row["staff_no"] for row in rows(whole)] == [first.staff_no, second.staff_no]
    [row] = rows(near)
    assert (row["staff_no"], row["state"], row["after"]) == (second.staff_no, "READY", "")
    assert row["since_unix_ms"] > 0


def test_a_supervisor_pauses_ends_the_pause_and_signs_out():
    seat, client = ready_seat(), supervisor()

    assert act(client, seat, "pause", reason="辅导").json() == {"later": False}
    assert (presence_of(seat.pk).state, presence_of(seat.pk).reason) == (Presence.PAUSED, "辅导")
    waiting = calling()
    assert act(client, seat, "ready").json() == {"later": False}
    assert Offer.objects.get(seat=seat).request == waiting
    assert act(client, seat, "pause", reason="会议").json() == {"later": True}
    assert act(client, seat, "sign_out").json() == {"later": True}
    assert act(client, seat, "ready").status_code == 409

    done = AuditEntry.objects.filter(actor_name="M9", object_type="seat").order_by("pk")
    assert [entry.action for entry in done] == [
        "seat.pause",
        "seat.ready",
        "seat.next_chosen",
        "seat.force_out_asked",
    ]


@pytest.mark.parametrize("what", ["pause", "ready", "sign_out"])
def test_a_seat_out_of_scope_or_without_the_operation_is_not_there(what):
    seat = ready_seat()
    if what == "ready":
        seats.pause(seat.pk, reason="小休", actor=SEAT_ACTOR)
    before = presence_of(seat.pk).state

    assert act(entered("M1", "dispatch.view", "seats.manage"), seat, what).status_code == 404
    assert act(entered("M2", "dispatch.view", "seats.view"), seat, what).status_code == 404

    assert presence_of(seat.pk).state == before
