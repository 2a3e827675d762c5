"""Reviews of doubts and samples. Decision, state, message and audit are one transaction (QC-2)."""

from collections.abc import Collection, Sequence
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.selectors import actor_of
from common.actor import SYSTEM, Actor
from common.clock import unix_ms
from interviews.errors import ReasonRequired, TaskClosed
from interviews.models import InterviewTask
from interviews.services import (
    lock_task,
    require_open,
    require_passable,
    return_task,
    settle_task,
)
from qc import selectors
from qc.errors import NotYours, Overtaken, UnknownReason, WrongCourse
from qc.models import CoachingClip, QcReview, SamplingRun, ScoreForm
from qc.scoring import Item, score_of
from qc.states import (
    DECISIONS,
    NEEDS_REASONS,
    REVIEW_MACHINE,
    UNDECIDED,
    ReviewMove,
    ReviewOrigin,
)

from .claims import lock_review, note_review, own_review


@transaction.atomic
def open_review(
    call_id: UUID,
    *,
    doubt: str = "",
    origin: ReviewOrigin = ReviewOrigin.DOUBT,
    run: SamplingRun | None = None,
) -> QcReview:
    """A call enters the queue; once, however often the message comes."""
    review, created = QcReview.objects.get_or_create(
        call_id=call_id, defaults={"doubt": doubt, "origin": origin, "sampling_run": run}
    )
    if created:
        note_review(review, "qc.opened", SYSTEM, origin=str(origin))
    return review


@transaction.atomic
def set_urgent(review_id: int, *, urgent: bool, actor: Actor) -> QcReview:
    review = lock_review(review_id)
    if review.is_urgent is not urgent:
        review.is_urgent = urgent
        review.save(update_fields=["is_urgent"])
        note_review(review, "qc.urgent", actor, urgent=urgent)
    return review


def decide(
    review_id: int,
    move: ReviewMove,
    *,
    reviewer: User,
    reasons: Sequence[str] = (),
    note: str = "",
    met_items: Collection[int] | None = None,
) -> QcReview:
    """通过, 拒件, 退回二次面谈 (QC-3) of a doubt; 通过 or 不合格 of a sampled pass.

    `met_items` are the score form's items that were met, None when no score was given. Raises
    NotYours, WrongCourse, ReasonRequired, UnknownReason, IllegalMove, PartiesMissing; nothing
    changes then. Overtaken when the case came to its end elsewhere: the review is closed then.
    """
    task_id = QcReview.objects.values_list("call__task_id", flat=True).get(pk=review_id)
    try:
        return _decide(review_id, task_id, move, reviewer, reasons, note, met_items)
    except TaskClosed as closed:
        close_overtaken(task_id)  # its message is on the way
        raise Overtaken from closed


@transaction.atomic
def _decide(
    review_id: int,
    task_id: UUID,
    move: ReviewMove,
    reviewer: User,
    reasons: Sequence[str],
    note: str,
    met_items: Collection[int] | None,
) -> QcReview:
    task = lock_task(task_id)
    review = own_review(review_id, reviewer)
    origin = ReviewOrigin(review.origin)
    if move not in DECISIONS[origin]:
        raise WrongCourse
    if move in NEEDS_REASONS and not reasons:
        raise ReasonRequired
    if move in NEEDS_REASONS and not set(reasons) <= set(selectors.reasons_for(origin)):
        raise UnknownReason
    review.state = REVIEW_MACHINE.after(review.review_state, move)
    review.reasons = list(dict.fromkeys(reasons)) if move in NEEDS_REASONS else []
    review.note = note.strip()[:500]
    review.decided_at = timezone.now()
    if met_items is not None:
        _score(review, met_items)
    review.save()
    if origin is ReviewOrigin.DOUBT:
        _settle(review, task, move, actor_of(reviewer))
    elif move is ReviewMove.FLAG and not review.clips.exists():
        _whole_as_clip(review, reviewer)
    note_review(
        review,
        f"qc.{move.value}",
        actor_of(reviewer),
        reasons=review.reasons,
        points=review.points,
    )
    return review


def _settle(review: QcReview, task: InterviewTask, move: ReviewMove, actor: Actor) -> None:
    """What the decision of a doubt makes of its task, and of other doubts of the same task."""
    require_open(task)
    if move is ReviewMove.PASS:
        require_passable(task)
    if move is ReviewMove.RETURN:
        return_task(task.pk, review_id=review.pk)
    else:
        settle_task(task.pk, passed=move is ReviewMove.PASS, reasons=review.reasons, actor=actor)
    _overtake(task.pk)


@transaction.atomic
def close_overtaken(task_id: UUID) -> int:
    """Doubts of a task that was settled or superseded leave the queue. How many; 0 if it is open."""
    try:
        require_open(lock_task(task_id))
    except TaskClosed:
        return _overtake(task_id)
    return 0


def _overtake(task_id: UUID) -> int:
    """The task's row is locked: reviews are locked after it, in one order."""
    left = (
        QcReview.objects.select_for_update(of=("self",))
        .select_related("call", "reviewer")
        .filter(call__task_id=task_id, origin=ReviewOrigin.DOUBT, state__in=UNDECIDED)
        .order_by("pk")
    )
    for review in left:
        before = review.reviewer.staff_no if review.reviewer else ""
        review.state = REVIEW_MACHINE.after(review.review_state, ReviewMove.OVERTAKE)
        review.reviewer = review.claimed_at = None
        review.decided_at = timezone.now()
        review.save(update_fields=["state", "reviewer", "claimed_at", "decided_at"])
        note_review(review, "qc.overtaken", SYSTEM, from_reviewer=before)
    return len(left)


def _whole_as_clip(review: QcReview, reviewer: User) -> None:
    """The supervisor hears of every defect; without a cut of the reviewer's it is the whole call."""
    call = review.call
    length = unix_ms(call.ended_at) - unix_ms(call.clock_started_at) if call.ended_at else 0
    CoachingClip.objects.create(
        review=review,
        call=call,
        from_ms=0,
        to_ms=max(1, length),
        title="、".join(review.reasons)[:80],
        note=review.note,
        made_by=reviewer,
    )


def _score(review: QcReview, met_items: Collection[int]) -> None:
    scored = score_by_form(met_items)
    if scored is not None:
        review.score_form, review.met_items, review.points = scored


def score_by_form(met_items: Collection[int]) -> tuple[ScoreForm, list[int], int] | None:
    """The form in use, the known items that were met, the points; None without a form."""
    form = selectors.current_form()
    if form is None:
        return None
    items = [Item(str(item.pk), item.weight, item.is_fatal) for item in form.items.all()]
    score = score_of(items, {str(item): True for item in met_items})
    if score is None:
        return None
    known = {item.code for item in items}
    return form, sorted(item for item in set(met_items) if str(item) in known), score.points


@transaction.atomic
def comment(review_id: int, *, seat_user: User, text: str) -> QcReview:
    """The seat's word on a decided review of its own call. Raises NotYours, IllegalMove."""
    review = lock_review(review_id)
    if review.call.seat.user_id != seat_user.pk or review.decided_at is None:
        raise NotYours
    review.seat_comment = text.strip()[:500]
    review.save(update_fields=["seat_comment"])
    note_review(review, "qc.commented", actor_of(seat_user))
    return review
