"""Reviewing doubts. Decision, state, message and audit are one transaction (QC-2)."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.selectors import actor_of
from audit import services as audit
from common.actor import SYSTEM, Actor
from interviews.errors import ReasonRequired
from interviews.services import settle_task

from .errors import NotYours, OwnCase
from .models import QcReview
from .states import REVIEW_MACHINE, ReviewMove, ReviewState


def lock_review(review_id: int) -> QcReview:
    return (
        QcReview.objects.select_for_update(of=("self",))
        .select_related("call__seat", "call__task")
        .get(pk=review_id)
    )


@transaction.atomic
def open_review(call_id: UUID, *, doubt: str) -> QcReview:
    """A doubtful call enters the queue; once, however often the message comes."""
    review, created = QcReview.objects.get_or_create(call_id=call_id, defaults={"doubt": doubt})
    if created:
        _note(review, "qc.opened", SYSTEM)
    return review


def _note(review: QcReview, action: str, actor: Actor, **facts: object) -> None:
    audit.record(
        action,
        actor=actor,
        object_type="qc_review",
        object_id=review.pk,
        chain=audit.interview_chain(review.call.task_id),
        **facts,
    )


@transaction.atomic
def claim(review_id: int, *, reviewer: User) -> QcReview:
    """Take a doubt for review. Raises OwnCase, IllegalMove when somebody has it."""
    review = lock_review(review_id)
    if review.call.seat.user_id == reviewer.pk:
        raise OwnCase
    review.state = REVIEW_MACHINE.after(ReviewState(review.state), ReviewMove.CLAIM)
    review.reviewer = reviewer
    review.save(update_fields=["state", "reviewer"])
    _note(review, "qc.claimed", actor_of(reviewer))
    return review


@transaction.atomic
def decide(
    review_id: int,
    move: ReviewMove,
    *,
    reviewer: User,
    reasons: list[str] | None = None,
    note: str = "",
) -> QcReview:
    """通过, 拒件 (with reasons) or 退回二次面谈: the three courses of QC-3.

    Raises NotYours, ReasonRequired, IllegalMove, TaskClosed; nothing changes then.
    """
    review = lock_review(review_id)
    if review.reviewer_id != reviewer.pk:
        raise NotYours
    if move is ReviewMove.REJECT and not reasons:
        raise ReasonRequired
    review.state = REVIEW_MACHINE.after(ReviewState(review.state), move)
    review.reasons = list(reasons or [])
    review.note = note.strip()[:500]
    review.decided_at = timezone.now()
    review.save()
    actor = actor_of(reviewer)
    if move in {ReviewMove.PASS, ReviewMove.REJECT}:
        settle_task(
            review.call.task_id,
            passed=move is ReviewMove.PASS,
            reasons=review.reasons,
            actor=actor,
        )
    _note(review, f"qc.{move.value}", actor, reasons=review.reasons)
    return review
