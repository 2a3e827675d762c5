"""Doubts: one review each, never by the seat, settled in one transaction (QC-2, QC-3)."""

import pytest

from accounts.models import User
from common.errors import IllegalMove
from interviews import services as interviews
from interviews.errors import PartiesMissing, ReasonRequired
from interviews.states import TaskState, Verdict
from outbox.models import OutboxMessage
from qc import services
from qc.errors import NotYours, OwnCase, UnknownReason, WrongCourse
from qc.handlers import open_on_doubt
from qc.models import QcReview, SeatDefect
from qc.selectors import reject_reasons
from qc.states import ReviewMove, ReviewOrigin, ReviewState
from tests.support.factories import SEAT_ACTOR, make_call, make_ended_call

pytestmark = pytest.mark.django_db


@pytest.fixture
def review():
    call = make_ended_call()
    interviews.file_verdict(call.pk, verdict=Verdict.DOUBT, note="反光", actor=SEAT_ACTOR)
    return services.open_review(call.pk, doubt="反光")


@pytest.fixture
def reviewer():
    return User.objects.create_user("Q1", "test-password", name="何雨桐")


def test_a_doubt_told_twice_is_one_review(review):
    told = {"call_id": str(review.call_id), "verdict": "DOUBT", "note": "反光"}

    open_on_doubt("m1", told)
    open_on_doubt("m1", told)

    assert QcReview.objects.count() == 1


def test_the_seat_does_not_review_its_own_call(review):
    with pytest.raises(OwnCase):
        services.claim(review.pk, reviewer=review.call.seat.user)

    review.refresh_from_db()
    assert review.state == ReviewState.OPEN


def test_a_claimed_review_is_decided_by_its_reviewer_only(review, reviewer):
    services.claim(review.pk, reviewer=reviewer)
    other = User.objects.create_user("Q2", "test-password", name="另一位")

    with pytest.raises(IllegalMove):
        services.claim(review.pk, reviewer=other)
    with pytest.raises(NotYours):
        services.decide(review.pk, ReviewMove.PASS, reviewer=other)


def test_a_pass_settles_the_task(review, reviewer):
    services.claim(review.pk, reviewer=reviewer)

    services.decide(review.pk, ReviewMove.PASS, reviewer=reviewer)

    review.refresh_from_db()
    assert review.state == ReviewState.PASSED
    assert review.call.task.state == TaskState.PASSED


def test_a_pass_is_refused_while_a_party_is_missing_and_changes_nothing(review, reviewer):
    services.claim(review.pk, reviewer=reviewer)
    missing = review.call.task.parties.get()
    review.call.task.parties.update(interviewed_at=None)
    told = OutboxMessage.objects.count()

    with pytest.raises(PartiesMissing) as refusal:
        services.decide(review.pk, ReviewMove.PASS, reviewer=reviewer, note="可以")

    assert refusal.value.facts["names"] == [missing.name]
    review.refresh_from_db()
    assert (review.state, review.note, review.decided_at) == (ReviewState.CLAIMED, "", None)
    assert review.call.task.state == TaskState.PENDING
    assert OutboxMessage.objects.count() == told


def test_a_rejection_needs_reasons_and_carries_them_to_the_task(review, reviewer):
    services.claim(review.pk, reviewer=reviewer)

    with pytest.raises(ReasonRequired):
        services.decide(review.pk, ReviewMove.REJECT, reviewer=reviewer)
    with pytest.raises(UnknownReason):
        services.decide(review.pk, ReviewMove.REJECT, reviewer=reviewer, reasons=["我不喜欢"])
    listed = reject_reasons()[0]
    services.decide(review.pk, ReviewMove.REJECT, reviewer=reviewer, reasons=[listed])

    review.refresh_from_db()
    assert review.call.task.state == TaskState.REJECTED
    assert review.call.task.reasons == [listed]


def test_a_return_for_a_second_interview_leaves_the_task_pending(review, reviewer):
    services.claim(review.pk, reviewer=reviewer)

    services.decide(review.pk, ReviewMove.RETURN, reviewer=reviewer)

    review.refresh_from_db()
    assert review.state == ReviewState.RETURNED
    task = review.call.task
    assert (task.state, task.returns) == (TaskState.PENDING, 1)
    told = OutboxMessage.objects.filter(topic="review.returned")
    assert set(told.values_list("key", "payload__task_id")) == {(task.contract_no, str(task.pk))}


def test_what_is_put_back_keeps_its_place_and_goes_to_somebody_else(review, reviewer):
    services.claim(review.pk, reviewer=reviewer)
    other = User.objects.create_user("Q2", "test-password", name="另一位")

    services.release(review.pk, reviewer=reviewer)
    taken = services.claim_next(reviewer=other, among=QcReview.objects.all())

    assert taken is not None
    assert taken == review
    assert taken.reviewer == other
    assert taken.opened_at == review.opened_at


def test_the_next_case_is_the_urgent_one_and_never_ones_own(review):
    urgent = services.open_review(make_call().pk, doubt="证件模糊")
    services.set_urgent(urgent.pk, urgent=True, actor=SEAT_ACTOR)

    assert (
        services.claim_next(reviewer=urgent.call.seat.user, among=QcReview.objects.all()) == review
    )
    assert (
        services.claim_next(reviewer=review.call.seat.user, among=QcReview.objects.all()) == urgent
    )
    assert services.claim_next(reviewer=review.call.seat.user, among=QcReview.objects.all()) is None


def test_a_sampled_pass_found_bad_flips_no_state(reviewer):
    call = make_call()
    state = call.task.state
    SeatDefect.objects.create(text="未核对证件")
    SeatDefect.objects.create(text="不再使用的问题", is_enabled=False)
    review = services.open_review(call.pk, origin=ReviewOrigin.SAMPLE)
    services.claim(review.pk, reviewer=reviewer)

    with pytest.raises(WrongCourse):
        services.decide(
            review.pk, ReviewMove.REJECT, reviewer=reviewer, reasons=reject_reasons()[:1]
        )
    for unlisted in (reject_reasons()[0], "不再使用的问题"):
        with pytest.raises(UnknownReason):
            services.decide(review.pk, ReviewMove.FLAG, reviewer=reviewer, reasons=[unlisted])
    services.decide(review.pk, ReviewMove.FLAG, reviewer=reviewer, reasons=["未核对证件"])

    review.refresh_from_db()
    assert review.state == ReviewState.FLAGGED
    assert review.call.task.state == state


def test_the_seat_comments_its_own_decided_review_only(review, reviewer):
    seat_user = review.call.seat.user
    with pytest.raises(NotYours):
        services.comment(review.pk, seat_user=seat_user, text="早了")
    services.claim(review.pk, reviewer=reviewer)
    services.decide(review.pk, ReviewMove.RETURN, reviewer=reviewer)

    with pytest.raises(NotYours):
        services.comment(review.pk, seat_user=reviewer, text="不是我的")
    services.comment(review.pk, seat_user=seat_user, text="客户当时在户外")

    review.refresh_from_db()
    assert review.seat_comment == "客户当时在户外"
