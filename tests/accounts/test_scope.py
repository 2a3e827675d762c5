"""Whose data a role opens: one's own, the institution's and below, everybody's (ACC-3)."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import DataScope, Institution, Role, User
from accounts.selectors import in_scope, institutions_below, scope_of, staff_nos_in_scope, visible
from interviews import services as interviews
from interviews.models import InterviewTask
from interviews.selectors import tasks_in_scope
from interviews.states import Verdict
from qc import services as qc
from qc.selectors import reviews_open_to
from queueing.wallboard import board_for
from seats.selectors import seat_users
from tests.support.factories import SEAT_ACTOR, make_call, make_seat, make_task

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank():
    """Head office over a branch over an outlet, and a branch beside it."""
    head = Institution.objects.create(code="1", name="总行")
    branch = Institution.objects.create(code="11", name="分行", parent=head)
    outlet = Institution.objects.create(code="111", name="支行", parent=branch)
    beside = Institution.objects.create(code="12", name="另一分行", parent=head)
    return {"head": head, "branch": branch, "outlet": outlet, "beside": beside}


def person(institution, *operations, scope=DataScope.INSTITUTION, staff_no="M1"):
    user = User.objects.create_user(
        staff_no, "test-password", name="主管", institution=institution, is_staff=True
    )
    user.roles.add(
        Role.objects.create(code=staff_no, name="r", operations=list(operations), scope=scope)
    )
    return user


def seat_at(institution, staff_no):
    seat = make_seat(staff_no)
    seat.user.institution = institution
    seat.user.save()
    return seat


def doubted(seat):
    call = make_call(make_task(), seat)
    interviews.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")
    interviews.file_verdict(call.pk, verdict=Verdict.DOUBT, note="反光", actor=SEAT_ACTOR)
    return qc.open_review(call.pk, doubt="反光")


def entered(user):
    client = Client()
    client.force_login(user)
    return client


def test_an_institution_is_itself_and_what_is_under_it(bank):
    below = institutions_below(bank["branch"].pk)

    assert set(below) == {bank["branch"].pk, bank["outlet"].pk}


def test_a_ring_of_institutions_ends(bank):
    Institution.objects.filter(pk=bank["head"].pk).update(parent=bank["outlet"])

    assert len(institutions_below(bank["outlet"].pk)) == 4


def test_the_widest_scope_of_those_roles_counts_that_open_the_operation(bank):
    user = person(bank["branch"], "videos.view")
    user.roles.add(
        Role.objects.create(code="wide", name="w", operations=["qc.view"], scope=DataScope.ALL)
    )

    assert scope_of(user, "videos.view") == DataScope.INSTITUTION
    assert scope_of(user, "videos.view", "qc.view") == DataScope.ALL
    assert scope_of(user, "seats.view") is None


def test_who_has_no_institution_sees_the_own_rows_only():
    user = person(None, "videos.view")
    make_seat("S1")

    assert staff_nos_in_scope(user, "videos.view") == ("M1",)


def test_everything_stays_everything_beside_another_condition(bank):
    user = person(bank["branch"], "videos.view", scope=DataScope.ALL)
    make_seat("S1")

    both = visible(user, "videos.view") | visible(user, "seats.view")

    assert User.objects.filter(both).count() == 2


@pytest.mark.parametrize(("where", "seen"), [("outlet", True), ("branch", True), ("beside", False)])
def test_a_supervisor_sees_seats_cases_and_reviews_of_the_institution_and_below(bank, where, seen):
    user = person(bank["branch"], "seats.view", "qc.view", "videos.view", "dispatch.view")
    review = doubted(seat_at(bank[where], "S1"))
    owner = review.call.seat.user

    assert in_scope(user, owner, "seats.view") is seen
    assert seat_users(user).filter(pk=owner.pk).exists() is seen
    assert reviews_open_to(user).exists() is seen
    tasks = InterviewTask.objects.filter(tasks_in_scope(user, "videos.view"))
    assert tasks.exists() is seen


def test_what_is_out_of_scope_is_not_there(bank):
    user = person(
        bank["branch"], "seats.view", "seats.manage", "qc.view", "qc.review", "videos.view"
    )
    review = doubted(seat_at(bank["beside"], "S1"))
    client = entered(user)
    seat = review.call.seat

    for name, argument in (
        ("qc:review", review.pk),
        ("recordings:detail", review.call.pk),
        ("recordings:review", review.call.pk),
        ("appointments:month", seat.pk),
    ):
        assert client.get(reverse(name, args=[argument])).status_code == 404, name
    for name, argument in (
        ("qc:claim", review.pk),
        ("qc:urgent", review.pk),
        ("qc:decide", review.pk),
        ("appointments:disable", seat.pk),
        ("appointments:sign_out", seat.pk),
        ("queueing:sign_out", seat.pk),
        ("appointments:enable", seat.user.pk),
    ):
        assert client.post(reverse(name, args=[argument])).status_code == 404, name
    assert client.post(reverse("qc:next")).url == reverse("qc:queue")
    review.refresh_from_db()
    assert review.state == "OPEN"


@pytest.mark.parametrize(
    "model", ["interviews_interviewtask", "interviews_call", "interviews_party", "seats_seat"]
)
def test_the_back_office_lists_what_is_in_scope(bank, model):
    user = person(bank["branch"], "seats.view", "videos.view")
    here = make_call(make_task(), seat_at(bank["outlet"], "S1"))
    there = make_call(make_task(), seat_at(bank["beside"], "S2"))
    url = reverse(f"admin:{model}_changelist")

    shown = entered(user).get(url).context["cl"].result_count

    assert here.pk != there.pk
    assert shown == 1


def test_a_case_nobody_is_appointed_for_is_in_the_common_line(bank):
    task = make_task()

    assert (
        InterviewTask.objects.filter(
            tasks_in_scope(person(bank["outlet"], "dispatch.view"), "dispatch.view")
        ).get()
        == task
    )
    own = person(bank["outlet"], "dispatch.view", scope=DataScope.OWN, staff_no="M2")
    assert not InterviewTask.objects.filter(tasks_in_scope(own, "dispatch.view")).exists()


def test_the_wallboard_shows_the_calls_of_the_scope(bank):
    make_call(make_task(), seat_at(bank["outlet"], "S1"))
    make_call(make_task(), seat_at(bank["beside"], "S2"))

    assert [call["staff_no"] for call in board_for(("S1",), None)["calls"]] == ["S1"]
    assert len(board_for(None, None)["calls"]) == 2
