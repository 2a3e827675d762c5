"""What comes after the case in hand (WB-3), and which of a seat's pages is its workbench."""

import datetime as dt
import json

import pytest
from django.utils import timezone

from audit.models import AuditEntry
from common.actor import Actor, ActorKind
from common.errors import IllegalMove
from seats import services
from seats.errors import NothingInHand, SeatOpenElsewhere
from seats.models import SeatPresence
from seats.selectors import PAGE_FRESH, presence_of
from seats.states import Presence
from tests.support.factories import SEAT_ACTOR, make_seat

pytestmark = pytest.mark.django_db
SUPERVISOR = Actor(ActorKind.USER, "2", "700001")


@pytest.fixture
def seat():
    made = make_seat()
    services.pass_device_check(made.pk, actor=SEAT_ACTOR, report={})
    services.sign_in(made.pk, actor=SEAT_ACTOR)
    return made


def in_call(seat):
    services.mark_offered(seat)
    services.enter_call(seat, actor=SEAT_ACTOR)


def choose(seat, state, reason=""):
    return services.choose_next(seat.pk, state=state, reason=reason, actor=SEAT_ACTOR)


def finished(seat):
    services.wrap_up(seat)
    services.finish_wrap_up(seat.pk, actor=SEAT_ACTOR)
    presence = presence_of(seat.pk)
    return presence.state, presence.reason


@pytest.mark.parametrize(
    ("state", "reason", "after"),
    [
        ("", "", (Presence.READY, "")),
        ("PAUSED", "用餐", (Presence.PAUSED, "用餐")),
        ("SIGNED_OUT", "", (Presence.SIGNED_OUT, "")),
        ("SIGNED_OUT", "用餐", (Presence.SIGNED_OUT, "")),
    ],
)
def test_the_choice_takes_effect_when_the_case_is_filed_and_only_once(seat, state, reason, after):
    in_call(seat)

    choose(seat, state, reason)
    assert presence_of(seat.pk).state == Presence.IN_CALL
    assert finished(seat) == after

    if after[0] == Presence.SIGNED_OUT:
        services.sign_in(seat.pk, actor=SEAT_ACTOR)
    elif after[0] == Presence.PAUSED:
        services.ready(seat.pk, actor=SEAT_ACTOR)
    in_call(seat)
    assert finished(seat) == (Presence.READY, "")


def test_the_last_choice_counts_also_while_wrapping_up_and_each_is_audited(seat):
    in_call(seat)
    choose(seat, "SIGNED_OUT")
    services.wrap_up(seat)
    choose(seat, "PAUSED", "会议")
    choose(seat, "")
    choose(seat, "PAUSED", "小休")

    services.finish_wrap_up(seat.pk, actor=SEAT_ACTOR)

    presence = presence_of(seat.pk)
    assert (presence.state, presence.reason) == (Presence.PAUSED, "小休")
    chosen = AuditEntry.objects.filter(action="seat.next_chosen").order_by("pk")
    assert [json.loads(entry.payload)["state"] for entry in chosen] == [
        "SIGNED_OUT",
        "PAUSED",
        "READY",
        "PAUSED",
    ]


def test_without_a_case_in_hand_there_is_nothing_to_come_after(seat):
    with pytest.raises(NothingInHand):
        choose(seat, "PAUSED", "用餐")

    assert presence_of(seat.pk).next_state == ""


def test_a_choice_made_while_ringing_does_not_survive_a_missed_call(seat):
    services.mark_offered(seat)
    choose(seat, "SIGNED_OUT")
    services.mark_missed(seat)
    services.ready(seat.pk, actor=SEAT_ACTOR)

    in_call(seat)

    assert finished(seat) == (Presence.READY, "")


def test_a_supervisors_sign_out_is_stronger_than_the_seats_choice(seat):
    in_call(seat)
    choose(seat, "PAUSED", "小休")
    services.force_sign_out(seat.pk, reason="交接班", actor=SUPERVISOR)

    assert finished(seat) == (Presence.SIGNED_OUT, "交接班")


def test_a_supervisor_pauses_at_once_who_waits_and_after_the_case_who_has_one(seat):
    other = make_seat()
    services.pass_device_check(other.pk, actor=SEAT_ACTOR, report={})
    services.sign_in(other.pk, actor=SEAT_ACTOR)
    in_call(other)

    for each in (seat, other):
        services.force_pause(each.pk, reason="辅导", actor=SUPERVISOR)

    presence = presence_of(seat.pk)
    assert (presence.state, presence.reason) == (Presence.PAUSED, "辅导")
    assert presence_of(other.pk).state == Presence.IN_CALL
    assert finished(other) == (Presence.PAUSED, "辅导")
    by_supervisor = AuditEntry.objects.filter(actor_name=SUPERVISOR.name).order_by("pk")
    assert [entry.action for entry in by_supervisor] == ["seat.pause", "seat.next_chosen"]


def test_a_pause_that_was_asked_for_while_it_rang_comes_when_the_customer_leaves(seat):
    services.mark_offered(seat)
    services.force_pause(seat.pk, reason="辅导", actor=SUPERVISOR)

    services.withdraw_offer(seat)

    presence = presence_of(seat.pk)
    assert (presence.state, presence.reason, presence.next_state) == (Presence.PAUSED, "辅导", "")


def test_who_is_not_signed_in_is_not_paused(seat):
    services.sign_out(seat.pk, actor=SEAT_ACTOR)

    with pytest.raises(IllegalMove):
        services.force_pause(seat.pk, reason="辅导", actor=SUPERVISOR)

    assert presence_of(seat.pk).state == Presence.SIGNED_OUT


@pytest.mark.parametrize("state", ["READY", "IN_CALL", "nonsense"])
def test_only_the_states_there_are_can_be_chosen(seat, state):
    in_call(seat)

    with pytest.raises(ValueError, match=state):
        choose(seat, state)


def open_page(seat, page, *, take_over=False):
    services.open_page(seat.pk, page=page, take_over=take_over)


def test_a_second_page_is_kept_out_until_it_takes_over(seat):
    open_page(seat, "one")

    with pytest.raises(SeatOpenElsewhere):
        open_page(seat, "two")
    assert presence_of(seat.pk).page == "one"
    open_page(seat, "two", take_over=True)

    with pytest.raises(SeatOpenElsewhere):
        open_page(seat, "one")


def test_the_same_page_comes_back_and_a_closed_one_keeps_nobody_out(seat):
    open_page(seat, "one")
    open_page(seat, "one")
    services.close_page(seat.pk, page="other")
    with pytest.raises(SeatOpenElsewhere):
        open_page(seat, "two")

    services.close_page(seat.pk, page="one")
    open_page(seat, "two")

    assert presence_of(seat.pk).page == "two"


def test_a_page_that_fell_silent_keeps_nobody_out_and_one_that_beats_does(seat):
    open_page(seat, "one")
    silent = timezone.now() - PAGE_FRESH - dt.timedelta(seconds=1)
    SeatPresence.objects.filter(seat=seat).update(heartbeat_at=silent)
    services.heartbeat(seat.pk, page="one")
    with pytest.raises(SeatOpenElsewhere):
        open_page(seat, "two")

    SeatPresence.objects.filter(seat=seat).update(heartbeat_at=silent)
    open_page(seat, "two")

    assert presence_of(seat.pk).page == "two"


def test_a_page_that_was_taken_over_does_not_close_its_successor(seat):
    open_page(seat, "one")
    open_page(seat, "two", take_over=True)

    services.close_page(seat.pk, page="one")

    assert presence_of(seat.pk).page == "two"
