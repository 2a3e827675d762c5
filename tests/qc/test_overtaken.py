"""A doubt that was concluded elsewhere leaves the queue, visibly; nobody decides what is over (QC-3)."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from appointments import services as appointments
from appointments.states import AppointmentState
from audit.models import AuditEntry
from interviews import services as interviews
from interviews.states import TaskState, Verdict
from outbox.models import MessageState, OutboxMessage
from outbox.services import deliver_one
from qc import selectors, services
from qc.errors import Overtaken
from qc.handlers import open_on_doubt
from qc.models import QcReview
from qc.states import ReviewMove, ReviewOrigin, ReviewState
from tests.qc.test_pages import person
from tests.support.factories import SEAT_ACTOR, make_call, make_ended_call, make_seat, make_task

pytestmark = pytest.mark.django_db


@pytest.fixture
def reviewer():
    return User.objects.create_user("Q1", "test-password", name="何雨桐")


def deliver():
    """What was told to quality control and to the calendar; the bank is not asked."""
    OutboxMessage.objects.exclude(handler__regex="^(qc|appointments)").delete()
    OutboxMessage.objects.update(due_at=timezone.now())
    while deliver_one():
        pass
    assert not OutboxMessage.objects.filter(state=MessageState.PENDING).exists()


def interview_again(task, verdict, note=""):
    call = make_ended_call(task)
    interviews.file_verdict(call.pk, verdict=verdict, note=note, actor=SEAT_ACTOR)
    return call


def seen(review):
    review.refresh_from_db()
    return review.state, review.reviewer, review.decided_at is not None


OVER = (ReviewState.OVERTAKEN, None, True)


@pytest.mark.parametrize("claimed", [False, True])
def test_a_second_interview_that_is_passed_takes_the_doubt_out_of_the_queue(
    review, reviewer, claimed
):
    if claimed:
        services.claim(review.pk, reviewer=reviewer)

    interview_again(review.call.task, Verdict.PASS)
    deliver()

    assert review.call.task.__class__.objects.get().state == TaskState.PASSED
    assert seen(review) == OVER
    entry = AuditEntry.objects.get(action="qc.overtaken")
    assert ("Q1" in entry.payload) is claimed
    page = person("Q2", "qc.review")
    assert page.get(reverse("qc:queue")).context["page"].paginator.count == 0
    past = page.get(reverse("qc:queue"), {"shown": "decided"}).content.decode()
    assert "已另行结论" in past
    assert (
        "已面谈（待提交面签）" in page.get(reverse("qc:review", args=[review.pk])).content.decode()
    )


@pytest.mark.parametrize("move", [ReviewMove.PASS, ReviewMove.REJECT, ReviewMove.RETURN])
def test_a_reviewer_who_is_late_is_told_so_and_the_review_is_closed(review, reviewer, move):
    services.claim(review.pk, reviewer=reviewer)
    interview_again(review.call.task, Verdict.PASS)
    reasons = selectors.reject_reasons()[:1]

    with pytest.raises(Overtaken):
        services.decide(review.pk, move, reviewer=reviewer, reasons=reasons)

    assert seen(review) == OVER
    assert review.call.task.state == TaskState.PASSED
    assert review.call.task.returns == 0
    for act in (
        lambda: services.decide(review.pk, move, reviewer=reviewer, reasons=reasons),
        lambda: services.release(review.pk, reviewer=reviewer),
    ):
        with pytest.raises(Overtaken):
            act()


def test_a_case_that_comes_back_as_a_new_task_takes_the_old_doubt_out_of_the_queue(review):
    make_task(contract_no=review.call.task.contract_no)
    deliver()

    assert seen(review) == OVER
    page = person("Q2", "qc.review").get(reverse("qc:review", args=[review.pk])).content.decode()
    assert "已退回并重新生成面谈任务" in page


def test_a_doubt_that_is_told_after_the_end_is_no_case_for_the_queue(reviewer):
    call = make_ended_call()
    interviews.file_verdict(call.pk, verdict=Verdict.DOUBT, note="反光", actor=SEAT_ACTOR)
    interviews.settle_task(call.task_id, passed=True, actor=SEAT_ACTOR)
    told = OutboxMessage.objects.filter(topic="verdict.filed")[0].payload

    open_on_doubt("m1", told)
    open_on_doubt("m1", told)

    assert seen(QcReview.objects.get()) == OVER
    assert services.claim_next(reviewer=reviewer, among=QcReview.objects.all()) is None


@pytest.mark.parametrize("move", [ReviewMove.PASS, ReviewMove.RETURN])
def test_two_doubts_of_one_task_are_one_decision(review, reviewer, move):
    interview_again(review.call.task, Verdict.DOUBT, "第二次仍有疑点")
    deliver()
    second = QcReview.objects.exclude(pk=review.pk).get()
    services.claim(review.pk, reviewer=reviewer)
    services.claim(second.pk, reviewer=reviewer)

    services.decide(second.pk, move, reviewer=reviewer)
    deliver()

    assert seen(review) == OVER
    assert seen(second)[1:] == (reviewer, True)
    assert second.call.task.returns == (move is ReviewMove.RETURN)


def test_a_sampled_pass_stays_a_case_whatever_becomes_of_the_task(reviewer):
    call = make_ended_call()
    interviews.file_verdict(call.pk, verdict=Verdict.PASS, actor=SEAT_ACTOR)
    sample = services.open_review(call.pk, origin=ReviewOrigin.SAMPLE)
    make_task(contract_no=call.task.contract_no)
    deliver()
    services.claim(sample.pk, reviewer=reviewer)

    services.decide(sample.pk, ReviewMove.PASS, reviewer=reviewer)

    assert seen(sample) == (ReviewState.PASSED, reviewer, True)


def test_what_was_overtaken_counts_as_nobodys_decision(review):
    interview_again(review.call.task, Verdict.PASS)
    deliver()
    supervisor = person("M1", "qc.view", "qc.manage")
    today = timezone.localdate()

    report = supervisor.get(reverse("qc:report")).context["report"]
    asked = services.ask_second_opinions(
        QcReview.objects.all(), today, today, Decimal(100), actor=SEAT_ACTOR
    )

    assert (report.total, report.by_reviewer, asked) == (0, [], 0)
    assert selectors.outcomes_of_seat(review.call.seat.user, 30)["total"] == 0


# --- the borrower books a second interview himself ----------------------------------------------


@pytest.fixture
def booked_again(review):
    """The borrower has booked tomorrow without waiting for the reviewer (APP-3)."""
    start = timezone.now() + dt.timedelta(days=1)
    return appointments.book(
        review.call.task_id, seat_id=make_seat().pk, start=start, minutes=30, actor=SEAT_ACTOR
    )


def test_the_queue_and_the_page_say_that_a_second_interview_is_booked(review, booked_again):
    at = f"{timezone.localtime(booked_again.slot.lower):%m-%d %H:%M}"
    client = person("Q1", "qc.review")

    queue = client.get(reverse("qc:queue")).content.decode()
    page = client.get(reverse("qc:review", args=[review.pk])).content.decode()

    assert f"二次面谈 {at}" in queue
    assert f"二次面谈 {at}" in page


@pytest.mark.parametrize("move", [ReviewMove.PASS, ReviewMove.REJECT])
def test_the_second_interview_that_a_decision_made_needless_is_called_off(
    review, reviewer, booked_again, move
):
    services.claim(review.pk, reviewer=reviewer)
    services.decide(review.pk, move, reviewer=reviewer, reasons=selectors.reject_reasons()[:1])
    deliver()

    booked_again.refresh_from_db()
    assert booked_again.state == AppointmentState.CANCELLED


def test_an_interview_that_settles_the_task_keeps_its_own_appointment():
    call = make_call()
    now = timezone.now()
    booked = appointments.book(
        call.task_id,
        seat_id=call.seat_id,
        start=now - dt.timedelta(minutes=5),
        minutes=30,
        actor=SEAT_ACTOR,
    )
    call.__class__.objects.update(live_at=F("clock_started_at"))
    interviews.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")
    call.task.parties.update(interviewed_at=now)
    interviews.file_verdict(call.pk, verdict=Verdict.PASS, actor=SEAT_ACTOR)
    deliver()

    booked.refresh_from_db()
    assert booked.state == AppointmentState.KEPT
