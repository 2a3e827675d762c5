"""What a seat says it does, how it is signed out by others, and what is remembered."""

import datetime as dt

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.models import AuditEntry
from common.actor import Actor, ActorKind
from common.errors import DomainError
from seats import services
from seats.errors import NotSignedIn, SeatSignedIn
from seats.models import PresenceHistory, SeatPresence
from seats.selectors import presence_of
from seats.states import Presence
from tests.support.factories import SEAT_ACTOR, make_seat

pytestmark = pytest.mark.django_db
SUPERVISOR = Actor(ActorKind.USER, "2", "700001")


def ready_seat():
    seat = make_seat()
    services.pass_device_check(seat.pk, actor=SEAT_ACTOR, report={})
    services.sign_in(seat.pk, actor=SEAT_ACTOR)
    return seat


def state_of(seat):
    return presence_of(seat.pk).state


def force(seat, reason="交接班"):
    return services.force_sign_out(seat.pk, reason=reason, actor=SUPERVISOR)


def test_an_idle_seat_is_signed_out_at_once_with_the_reason():
    seat = ready_seat()

    force(seat)

    presence = presence_of(seat.pk)
    assert (presence.state, presence.reason) == (Presence.SIGNED_OUT, "交接班")
    assert AuditEntry.objects.get(action="seat.force_out").actor_name == "700001"


def test_a_case_in_hand_is_finished_first():
    seat = ready_seat()
    services.mark_offered(seat)
    services.enter_call(seat, actor=SEAT_ACTOR)

    force(seat)
    assert state_of(seat) == Presence.IN_CALL
    services.wrap_up(seat)
    assert state_of(seat) == Presence.WRAP_UP
    services.finish_wrap_up(seat.pk, actor=SEAT_ACTOR)

    assert state_of(seat) == Presence.SIGNED_OUT
    assert presence_of(seat.pk).reason == "交接班"


def test_after_that_the_seat_can_sign_in_again_and_stay():
    seat = ready_seat()
    services.mark_offered(seat)
    force(seat)
    services.withdraw_offer(seat)
    assert state_of(seat) == Presence.SIGNED_OUT

    services.sign_in(seat.pk, actor=SEAT_ACTOR)

    assert state_of(seat) == Presence.READY


def test_who_is_not_signed_in_cannot_be_signed_out():
    with pytest.raises(NotSignedIn):
        force(make_seat())


def test_a_seat_whose_page_is_silent_is_offline_not_stuck_online():
    seat, living = ready_seat(), ready_seat()
    SeatPresence.objects.filter(seat=seat).update(
        heartbeat_at=timezone.now() - dt.timedelta(minutes=10)
    )

    assert services.lose_silent() == 1

    assert state_of(seat) == Presence.OFFLINE
    assert state_of(living) == Presence.READY
    services.sign_in(seat.pk, actor=SEAT_ACTOR)
    assert state_of(seat) == Presence.READY


def test_a_seat_that_is_signed_in_is_not_disabled():
    with pytest.raises(SeatSignedIn):
        services.disable_seat(ready_seat().pk, actor=SUPERVISOR)


def offered(seat):
    services.mark_offered(services.lock_seat(seat.pk))


MOVES = {
    "sign_in": lambda seat: services.sign_in(seat.pk, actor=SEAT_ACTOR),
    "sign_out": lambda seat: services.sign_out(seat.pk, actor=SEAT_ACTOR),
    "pause": lambda seat: services.pause(seat.pk, reason="小休", actor=SEAT_ACTOR),
    "ready": lambda seat: services.ready(seat.pk, actor=SEAT_ACTOR),
    "offer": offered,
    "miss": services.mark_missed,
    "withdraw": services.withdraw_offer,
    "enter": lambda seat: services.enter_call(seat, actor=SEAT_ACTOR),
    "wrap": services.wrap_up,
    "finish": lambda seat: services.finish_wrap_up(seat.pk, actor=SEAT_ACTOR),
    "force": force,
}


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.sampled_from(sorted(MOVES)), max_size=14))
def test_the_history_has_no_holes_whatever_is_tried(names):
    seat = ready_seat()
    for name in names:
        before = state_of(seat)
        try:
            MOVES[name](seat)
        except DomainError:
            assert state_of(seat) == before

    presence = presence_of(seat.pk)
    rows = list(PresenceHistory.objects.filter(seat=seat).order_by("pk"))
    edges = [row.since for row in rows[1:]] + [presence.since]
    assert [row.until for row in rows] == edges
    assert all(row.since <= row.until for row in rows)
    if presence.sign_out_after:
        assert presence.state in {Presence.OFFERED, Presence.IN_CALL, Presence.WRAP_UP}
