"""Who has a review in hand: taken, put back, handed on, and taken back when it lies (QC-1)."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.selectors import actor_of, may
from audit import services as audit
from common.actor import SYSTEM, Actor
from interviews.selectors import calls_with_part_of
from parameters.selectors import value_of
from qc import selectors
from qc.errors import NotAReviewer, NotYours, Overtaken, OwnCase
from qc.models import QcReview
from qc.states import REVIEW_MACHINE, ReviewMove, ReviewState


def lock_review(review_id: int) -> QcReview:
    return (
        QcReview.objects.select_for_update(of=("self",))
        .select_related("call__seat__user", "call__task", "reviewer")
        .get(pk=review_id)
    )


def own_review(review_id: int, reviewer: User) -> QcReview:
    """Locked. Raises Overtaken, NotYours."""
    review = lock_review(review_id)
    if review.review_state is ReviewState.OVERTAKEN:
        raise Overtaken
    if review.reviewer_id != reviewer.pk:
        raise NotYours
    return review


def note_review(review: QcReview, action: str, actor: Actor, **facts: Any) -> None:
    audit.record(
        action,
        actor=actor,
        object_type="qc_review",
        object_id=review.pk,
        chain=audit.interview_chain(review.call.task_id),
        **facts,
    )


def taken_since() -> dt.datetime:
    """What was taken before this moment has lain too long (parameter qc_claim_hours)."""
    return timezone.now() - dt.timedelta(hours=value_of("qc_claim_hours"))


@transaction.atomic
def claim(review_id: int, *, reviewer: User) -> QcReview:
    """Take a case for review. Raises OwnCase, IllegalMove when somebody has it."""
    review = lock_review(review_id)
    if calls_with_part_of(reviewer).filter(pk=review.call_id).exists():
        raise OwnCase
    _hand(review, ReviewMove.CLAIM, reviewer)
    note_review(review, "qc.claimed", actor_of(reviewer))
    return review


@transaction.atomic
def claim_next(*, reviewer: User, among: QuerySet[QcReview]) -> QcReview | None:
    """The first open one of `among` that is no own interview, claimed; None when there is none.

    Two reviewers who ask at once get two cases: a row somebody is taking is passed over.
    """
    first = (
        among.filter(state=ReviewState.OPEN)
        .exclude(call__in=calls_with_part_of(reviewer))
        .order_by("-is_urgent", "opened_at", "pk")
        .select_for_update(of=("self",), skip_locked=True)
        .first()
    )
    return claim(first.pk, reviewer=reviewer) if first else None


@transaction.atomic
def release(review_id: int, *, reviewer: User) -> QcReview:
    """Put one's own case back into the queue; its place there is kept.

    Raises NotYours, Overtaken.
    """
    review = own_review(review_id, reviewer)
    _hand(review, ReviewMove.RELEASE, None)
    note_review(review, "qc.released", actor_of(reviewer))
    return review


@transaction.atomic
def take_back(review_id: int, *, actor: Actor) -> QcReview:
    """收回: out of its reviewer's hand, back to its place in the queue. Raises IllegalMove."""
    review = lock_review(review_id)
    before = _hand(review, ReviewMove.RELEASE, None)
    note_review(review, "qc.taken_back", actor, from_reviewer=before)
    return review


@transaction.atomic
def assign(review_id: int, *, to: User, actor: Actor) -> QcReview:
    """改派: an undecided case to a reviewer, whoever has it now; nothing when it is there already.

    Raises NotAReviewer, IllegalMove.
    """
    review = lock_review(review_id)
    if not selectors.reviewers_of(review).filter(pk=to.pk).exists():
        raise NotAReviewer
    if review.review_state is ReviewState.CLAIMED and review.reviewer_id == to.pk:
        return review
    before = _hand(review, ReviewMove.ASSIGN, to)
    note_review(review, "qc.assigned", actor, reviewer=to.staff_no, from_reviewer=before)
    return review


def give_back_lapsed() -> int:
    """Cases that lay too long, or whose reviewer reviews no more, into the queue. How many."""
    claimed = QcReview.objects.filter(state=ReviewState.CLAIMED).select_related("reviewer")
    return sum(_give_back(review.pk) for review in claimed if _has_lapsed(review))


def _has_lapsed(review: QcReview) -> bool:
    assert review.claimed_at is not None  # noqa: S101 - written with the state
    assert review.reviewer is not None  # noqa: S101 - written with the state
    return review.claimed_at < taken_since() or not may(review.reviewer, selectors.REVIEW)


@transaction.atomic
def _give_back(review_id: int) -> bool:
    review = lock_review(review_id)
    if review.review_state is not ReviewState.CLAIMED or not _has_lapsed(review):
        return False  # decided or handed on since it was found
    before = _hand(review, ReviewMove.RELEASE, None)
    note_review(review, "qc.lapsed", SYSTEM, from_reviewer=before)
    return True


def _hand(review: QcReview, move: ReviewMove, reviewer: User | None) -> str:
    """Into a hand or out of it; the staff number of who had it, "" for nobody."""
    before = review.reviewer.staff_no if review.reviewer else ""
    review.state = REVIEW_MACHINE.after(review.review_state, move)
    review.reviewer = reviewer
    review.claimed_at = timezone.now() if reviewer else None
    review.save(update_fields=["state", "reviewer", "claimed_at"])
    return before
