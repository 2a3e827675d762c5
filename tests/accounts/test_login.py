"""Logging in and out (WB-1)."""

import pytest
from django.test import Client
from django.utils import timezone

from audit.models import AuditEntry
from seats.models import SeatPresence
from seats.states import Presence
from tests.support.factories import make_seat

pytestmark = pytest.mark.django_db


@pytest.fixture
def seat():
    return make_seat("S9001")


def log_in(client, password="test-password"):
    return client.post("/login", {"username": "S9001", "password": password})


def test_staff_number_and_password_open_the_door_and_leave_an_entry(seat):
    answer = log_in(Client())

    assert answer.status_code == 302
    assert AuditEntry.objects.filter(action="user.logged_in", object_id=seat.user.pk).exists()


def test_a_wrong_password_is_told_without_saying_what_was_wrong(seat):
    answer = log_in(Client(), "wrong-password")

    assert "工号或密码不正确" in answer.content.decode()


def test_five_failures_lock_the_account_also_for_the_right_password(seat):
    client = Client()
    for _ in range(5):
        log_in(client, "wrong-password")

    answer = log_in(client)

    assert answer.status_code == 429
    assert "_auth_user_id" not in client.session


def test_a_seat_that_is_signed_in_cannot_log_out(seat):
    client = Client()
    log_in(client)
    SeatPresence.objects.create(seat=seat, state=Presence.READY, heartbeat_at=timezone.now())

    refused = client.post("/logout")

    assert refused.status_code == 409
    assert "签入状态" in refused.content.decode()
    SeatPresence.objects.update(state=Presence.SIGNED_OUT)
    assert client.post("/logout").status_code == 302
    assert "_auth_user_id" not in client.session


def test_logging_out_takes_a_post(seat):
    client = Client()
    log_in(client)

    assert client.get("/logout").status_code == 405
