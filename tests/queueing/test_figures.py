"""The supervisor's figures, each by its definition; staffing by Erlang C."""

import datetime as dt
import math

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Role, User
from appointments.models import Appointment
from appointments.states import AppointmentState
from interviews.proof import remember_proof
from interviews.states import CallState
from parameters import services as parameters
from queueing import figures, services
from queueing.erlang import seats_needed, staffing, wait_probability
from queueing.models import AlertRule, CallRequest, Offer
from queueing.states import OfferState, RequestState
from queueing.wallboard import board, running_calls
from seats.models import PresenceHistory
from seats.states import Presence
from tests.support.factories import make_call, make_seat, make_task

T0 = dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC)


def entered(state, *, waited_s=None, offer=None, at=T0, **fields):
    task = make_task()
    request = CallRequest.objects.create(
        task=task,
        party=task.parties.get(),
        state=state,
        arrived_at=at,
        closed_at=None if waited_s is None else at + dt.timedelta(seconds=waited_s),
        channel_code="APP",
        **fields,
    )
    if offer:
        Offer.objects.create(request=request, seat=make_seat(), state=offer, deadline_at=at)
    return request


@pytest.mark.django_db
def test_service_level_counts_answers_in_time_against_answers_and_abandonments():
    for waited_s in (10, 59, 60, 61):
        entered(RequestState.CONNECTED, waited_s=waited_s)
    entered(RequestState.ABANDONED, waited_s=40)
    entered(RequestState.ABANDONED, waited_s=3)  # left at once: not counted
    entered(RequestState.WAITING)

    sums = figures.sums_of(figures.requests_between(T0, T0 + dt.timedelta(hours=1)))

    assert (sums.entered, sums.answered, sums.abandoned, sums.short) == (7, 4, 1, 1)
    assert sums.service_level == 3 / 5
    assert sums.abandonment == 1 / 5
    assert sums.answer_s == 47.5


@pytest.mark.django_db
def test_a_long_day_is_counted_in_one_question(django_assert_num_queries):
    for _ in range(3):
        entered(RequestState.CONNECTED, waited_s=10)

    with django_assert_num_queries(3):
        sums = figures.sums_of(CallRequest.objects.all())
    assert sums.answered == 3


@pytest.mark.django_db
def test_who_left_is_told_apart_by_what_had_rung():
    entered(RequestState.ABANDONED, waited_s=40)
    entered(RequestState.ABANDONED, waited_s=40, offer=OfferState.MISSED)
    entered(RequestState.ABANDONED, waited_s=40, offer=OfferState.WITHDRAWN)
    entered(RequestState.CONNECTED, waited_s=40, offer=OfferState.ACCEPTED)

    found = figures.where_abandoned(figures.requests_between(T0, T0 + dt.timedelta(hours=1)))

    assert found == {"queue": 1, "dispatch": 1, "ringing": 1}


@pytest.mark.django_db
def test_nothing_counted_is_no_figure_and_no_crash():
    sums = figures.sums_of(CallRequest.objects.none())

    assert sums.service_level is None
    assert sums.answer_s is None
    assert figures.occupancy({}) is None


@pytest.mark.django_db
def test_occupancy_is_busy_time_of_the_time_at_work_and_leaves_pauses_out():
    seat = make_seat()
    minutes = {Presence.READY: 20, Presence.IN_CALL: 30, Presence.WRAP_UP: 10, Presence.PAUSED: 40}
    at = T0
    for state, length in minutes.items():
        until = at + dt.timedelta(minutes=length)
        PresenceHistory.objects.create(seat=seat, state=state, since=at, until=until)
        at = until

    shares = figures.presence_shares(T0, T0 + dt.timedelta(hours=5))

    assert shares[Presence.PAUSED] == 2400
    assert figures.occupancy(shares) == pytest.approx(40 / 60)


@given(
    lives=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 60) | st.none()), max_size=12),
    points=st.integers(0, 5),
)
def test_the_curve_counts_who_stands_in_the_line_at_each_moment(lives, points):
    minute = dt.timedelta(minutes=1)
    rows = [
        CallRequest(
            arrived_at=T0 + begin * minute,
            closed_at=None if stay is None else T0 + (begin + stay) * minute,
        )
        for begin, stay in lives
    ]

    stays = [(row.arrived_at, row.closed_at) for row in rows]
    found = figures.curve(stays, T0, T0 + points * figures.CURVE_STEP)

    assert len(found) == points + 1
    for index, count in enumerate(found):
        at = index * 10
        assert count == sum(b <= at and (s is None or b + s > at) for b, s in lives)


def only_rules(**thresholds):
    """These alert rules and no other: what a migration wrote may be gone after a flush."""
    AlertRule.objects.all().delete()
    for metric, threshold in thresholds.items():
        AlertRule.objects.create(metric=metric, threshold=threshold)


@pytest.mark.django_db
def test_the_board_shows_a_call_without_the_customers_name_and_alarms_when_no_byte_is_written():
    cache.clear()
    call = make_call()
    only_rules(recorder=5)
    call.state, call.live_at = CallState.LIVE, timezone.now() - dt.timedelta(seconds=9)
    call.save()

    services.evaluate_alerts()
    silent = board()
    cache.clear()
    track = {"last_write_age_ms": 400, "stalled": False}
    remember_proof(str(call.pk), {"recording": True, "tracks": [track, track]})
    services.evaluate_alerts()
    written = board()
    cache.clear()

    assert call.task.customer_name not in str(silent)
    assert silent["calls"][0]["recording"]["stalled"] is True
    assert [alert["level"] for alert in silent["alerts"]] == ["risk"]
    assert written["calls"][0]["recording"]["stalled"] is False
    assert written["calls"][0]["recording"]["tracks"] == 2
    assert written["alerts"] == []


@pytest.mark.django_db
def test_a_long_wait_and_a_long_line_are_told():
    cache.clear()
    only_rules(longest_wait=300, line=6)
    for _ in range(7):
        entered(RequestState.WAITING, at=timezone.now() - dt.timedelta(minutes=6))

    services.evaluate_alerts()
    shown = board()
    cache.clear()

    assert shown["waiting"] == 7
    assert shown["longest_s"] >= 360
    assert [alert["level"] for alert in shown["alerts"]] == ["risk", "risk"]


# --- Erlang C -------------------------------------------------------------------------------


def test_the_textbook_case():
    found = staffing(100, 1800, 180, 20, 14)

    assert found.load == 10
    assert found.wait_probability == pytest.approx(0.174, abs=0.0005)
    assert found.service_level == pytest.approx(0.888, abs=0.0005)
    assert found.answer_s == pytest.approx(7.8, abs=0.05)
    assert seats_needed(100, 1800, 180, 20, 0.80).seats == 14


def test_one_seat_waits_as_often_as_it_is_busy():
    assert wait_probability(0.3, 1) == pytest.approx(0.3)


@given(load=st.floats(0.01, 300), seats=st.integers(1, 400))
def test_waiting_is_a_probability_and_another_seat_never_makes_it_worse(load, seats):
    here, more = wait_probability(load, seats), wait_probability(load, seats + 1)

    assert 0 <= more <= here + 1e-12 <= 1 + 1e-12


@given(calls=st.floats(0.5, 300), handling_s=st.floats(10, 3600), level=st.floats(0.1, 0.99))
def test_the_least_seats_reach_the_level_and_one_less_does_not(calls, handling_s, level):
    best = seats_needed(calls, 1800, handling_s, 30, level)

    assert best.service_level >= level
    fewer = staffing(calls, 1800, handling_s, 30, best.seats - 1)
    assert best.seats == 1 or fewer.service_level < level


def test_more_than_the_seats_can_carry_never_ends():
    found = staffing(100, 1800, 180, 20, 10)

    assert (found.wait_probability, found.service_level) == (1, 0)
    assert math.isinf(found.answer_s)


# --- pages ----------------------------------------------------------------------------------


def client_with(*operations):
    user = User.objects.create_user(f"M{len(operations)}", "test-password", name="主管")
    user.roles.add(
        Role.objects.create(code=user.staff_no, name="r", operations=list(operations), scope="all")
    )
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.django_db
def test_the_pages_are_for_those_who_see_dispatch():
    cache.clear()
    viewer, stranger = client_with("dispatch.view"), client_with()
    request = entered(RequestState.WAITING, trace={"rule": "默认随机", "why": "暂无空闲坐席。"})
    pages = [reverse(f"queueing:{n}") for n in ("wallboard", "board", "staffing")]
    pages.append(reverse("queueing:why", args=[request.pk]))

    for page in pages:
        assert viewer.get(page).status_code == 200, page
        assert stranger.get(page).status_code == 404, page
    assert "暂无空闲坐席。" in viewer.get(pages[-1]).content.decode()


@pytest.mark.django_db
def test_the_staffing_page_begins_with_the_parameters():
    for key, value in {
        "staffing_calls": 24,
        "staffing_handling_s": 900,
        "staffing_level": 90,
    }.items():
        parameters.set_value(key, value, scope="global", by="test")

    page = client_with("dispatch.view").get(reverse("queueing:staffing"))

    asked = page.context["form"].data
    assert (asked["calls"], asked["handling_s"], asked["target_s"], asked["level"]) == (
        24,
        900,
        60,
        90,
    )
    assert page.context["best"].seats == seats_needed(24, 1800, 900, 60, 0.9).seats


@pytest.mark.django_db
def test_signing_a_seat_out_needs_its_own_permission():
    seat = make_seat()
    url = reverse("queueing:sign_out", args=[seat.pk])

    assert client_with("dispatch.view").post(url).status_code == 404
    refused = client_with("dispatch.view", "seats.manage").post(url)

    assert refused.status_code == 409  # it is not signed in
    assert refused.json()["detail"]


@pytest.mark.django_db
def test_who_came_and_was_not_served_is_no_no_show():
    for no_show, arrived in ((True, None), (False, timezone.now())):
        seat, start = make_seat(), timezone.localtime().replace(hour=0, minute=5)
        Appointment.objects.create(
            task=make_task(),
            seat=seat,
            slot=(start, start + dt.timedelta(minutes=5)),
            state=AppointmentState.EXPIRED,
            no_show=no_show,
            arrived_at=arrived,
        )

    counts = figures.appointments_today(timezone.now())

    assert (counts["no_show"], counts["unserved"]) == (1, 1)


@pytest.mark.django_db
def test_many_calls_of_one_product_ask_for_their_script_once(django_assert_max_num_queries):
    for _ in range(3):
        make_call(make_task(), make_seat(slot_min=30))

    with django_assert_max_num_queries(9) as few:
        running_calls(timezone.now())
    for _ in range(3):
        make_call(make_task(), make_seat(slot_min=30))
    with django_assert_max_num_queries(len(few)):
        assert len(running_calls(timezone.now())) == 6
