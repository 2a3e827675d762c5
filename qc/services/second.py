"""复评: drawn by a seed anybody can derive again, given blind, compared afterwards (QC-1)."""

import datetime as dt
from collections.abc import Collection, Sequence
from decimal import Decimal

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.selectors import actor_of
from audit import services as audit
from common.actor import Actor
from interviews.errors import ReasonRequired
from interviews.selectors import calls_with_part_of
from qc import selectors
from qc.errors import NotYours, OwnCase, UnknownReason, WrongCourse
from qc.models import QcReview, SecondOpinion, new_seed
from qc.sampling import is_chosen
from qc.states import DECISIONS, NEEDS_REASONS, ReviewMove, ReviewOrigin

from .claims import taken_since
from .reviews import score_by_form


@transaction.atomic
def ask_second_opinions(
    among: QuerySet[QcReview],
    first: dt.date,
    last: dt.date,
    percent: Decimal,
    *,
    actor: Actor,
    seed: str | None = None,
) -> int:
    """Draw `percent` of the reviews decided from `first` to `last`; none twice. How many are new."""
    seed = seed or new_seed()
    decided = selectors.decided_between(among, first, last).filter(second=None)
    chosen = [
        pk
        for pk in decided.order_by("pk").values_list("pk", flat=True)
        if is_chosen(seed, pk, percent)
    ]
    made = SecondOpinion.objects.bulk_create(
        [
            SecondOpinion(review_id=pk, percent=percent, seed=seed, asked_by=actor.name)
            for pk in chosen
        ],
        ignore_conflicts=True,
    )
    audit.record(
        "qc.second_asked",
        actor=actor,
        object_type="second_opinion",
        object_id=seed,
        first=first.isoformat(),
        last=last.isoformat(),
        percent=str(percent),
        chosen=len(made),
    )
    return len(made)


@transaction.atomic
def take_second_opinion(among: QuerySet[QcReview], *, reviewer: User) -> SecondOpinion | None:
    """The first that waits for another eye than the seat's and the first reviewer's; None else.

    One that somebody took and left lying is given to another, as a claimed review is.
    """
    mine = SecondOpinion.objects.filter(reviewer=reviewer, decided_at=None).first()
    if mine is not None:
        return mine
    found = (
        SecondOpinion.objects.filter(decided_at=None, review__in=among)
        .filter(Q(reviewer=None) | Q(taken_at__lt=taken_since()) | Q(reviewer__is_active=False))
        .exclude(review__reviewer=reviewer)
        .exclude(review__call__in=calls_with_part_of(reviewer))
        .order_by("asked_at", "pk")
        .select_for_update(of=("self",), skip_locked=True)
        .first()
    )
    if found is None:
        return None
    found.reviewer, found.taken_at = reviewer, timezone.now()
    found.save(update_fields=["reviewer", "taken_at"])
    return found


@transaction.atomic
def give_second_opinion(
    opinion_id: int,
    move: ReviewMove,
    *,
    reviewer: User,
    reasons: Sequence[str] = (),
    note: str = "",
    met_items: Collection[int] | None = None,
) -> SecondOpinion:
    """Once, by who took it; the case itself does not change.

    Raises NotYours, OwnCase, WrongCourse, ReasonRequired, UnknownReason.
    """
    opinion = (
        SecondOpinion.objects.select_for_update(of=("self",))
        .select_related("review__call__seat")
        .get(pk=opinion_id)
    )
    review = opinion.review
    if opinion.reviewer_id != reviewer.pk or opinion.decided_at is not None:
        raise NotYours
    if reviewer.pk in {review.reviewer_id, review.call.seat.user_id}:
        raise OwnCase
    origin = ReviewOrigin(review.origin)
    if move not in DECISIONS[origin]:
        raise WrongCourse
    if move in NEEDS_REASONS and not reasons:
        raise ReasonRequired
    if move in NEEDS_REASONS and not set(reasons) <= set(selectors.reasons_for(origin)):
        raise UnknownReason
    opinion.move = move.value
    opinion.reasons = list(dict.fromkeys(reasons)) if move in NEEDS_REASONS else []
    opinion.note = note.strip()[:500]
    opinion.decided_at = timezone.now()
    if met_items is not None and (scored := score_by_form(met_items)):
        form, met, points = scored
        if form.pk == review.score_form_id:  # another version is another measure
            opinion.met_items, opinion.points = met, points
    opinion.save()
    audit.record(
        "qc.second_given",
        actor=actor_of(reviewer),
        object_type="qc_review",
        object_id=review.pk,
        chain=audit.interview_chain(review.call.task_id),
        move=move.value,
        points=opinion.points,
    )
    return opinion
