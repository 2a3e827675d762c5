"""辅导片段: cut by a reviewer, gone through with the seat by its supervisor (QC-2)."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.selectors import actor_of
from audit import services as audit
from common.clock import unix_ms
from qc.errors import BadClip, NotYours
from qc.models import CoachingClip, QcReview

MAX_CLIP_MS = 10 * 60 * 1000
MAX_CLIPS = 20


@transaction.atomic
def cut_clip(
    review_id: int, from_ms: int, to_ms: int, *, title: str, note: str = "", reviewer: User
) -> CoachingClip:
    """Mark a stretch of the call. Raises BadClip for one that is empty, too long or outside."""
    review = QcReview.objects.select_related("call").get(pk=review_id)
    if review.reviewer_id != reviewer.pk:
        raise NotYours
    call = review.call
    length = unix_ms(call.ended_at) - unix_ms(call.clock_started_at) if call.ended_at else 0
    fits = 0 <= from_ms < to_ms <= length and to_ms - from_ms <= MAX_CLIP_MS
    if not fits or not title.strip() or review.clips.count() >= MAX_CLIPS:
        raise BadClip
    clip = CoachingClip.objects.create(
        review=review,
        call=call,
        from_ms=from_ms,
        to_ms=to_ms,
        title=title.strip()[:80],
        note=note.strip()[:500],
        made_by=reviewer,
    )
    _note(clip, "qc.clip_cut", reviewer)
    return clip


@transaction.atomic
def drop_clip(clip_id: int, *, reviewer: User) -> None:
    """Only by who made it, and only before anybody was coached with it. Raises NotYours."""
    clip = _locked(clip_id)
    if clip.made_by_id != reviewer.pk or clip.coached_at is not None or clip.seen_at is not None:
        raise NotYours
    _note(clip, "qc.clip_dropped", reviewer)
    clip.delete()


@transaction.atomic
def note_coached(clip_id: int, *, supervisor: User) -> CoachingClip:
    """The supervisor went through it with the seat."""
    clip = _locked(clip_id)
    if clip.coached_at is None:
        clip.coached_at, clip.coached_by = timezone.now(), supervisor.name
        clip.save(update_fields=["coached_at", "coached_by"])
        _note(clip, "qc.clip_coached", supervisor)
    return clip


@transaction.atomic
def note_seen(clip_id: int, *, seat_user: User) -> CoachingClip:
    """The seat has watched its own clip. Raises NotYours."""
    clip = _locked(clip_id)
    if clip.call.seat.user_id != seat_user.pk:
        raise NotYours
    if clip.seen_at is None:
        clip.seen_at = timezone.now()
        clip.save(update_fields=["seen_at"])
        _note(clip, "qc.clip_seen", seat_user)
    return clip


def _locked(clip_id: int) -> CoachingClip:
    return (
        CoachingClip.objects.select_for_update(of=("self",))
        .select_related("call__seat")
        .get(pk=clip_id)
    )


def _note(clip: CoachingClip, action: str, user: User) -> None:
    audit.record(
        action,
        actor=actor_of(user),
        object_type="coaching_clip",
        object_id=clip.pk,
        chain=audit.interview_chain(clip.call.task_id),
        span_s=[clip.from_ms // 1000, -(-clip.to_ms // 1000)],
    )
