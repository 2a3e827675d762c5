"""One recording for one person, for a time and a reason (ACC-1): where scope rules do not reach."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Permission
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit import services as audit
from common.actor import Actor
from common.errors import NotFound
from interviews.errors import ReasonRequired
from parameters.selectors import value_of
from recordings.errors import NobodyThere, SeesItAnyway
from recordings.models import Recording, RecordingShare
from recordings.selectors import WATCH, may_open


@transaction.atomic
def share_recording(
    recording: Recording, *, staff_no: str, days: int, reason: str, by: User, actor: Actor
) -> RecordingShare:
    """Open it to one person; again for the same person sets the end and the reason anew.

    Raises ReasonRequired, NobodyThere for an unknown or disabled person, SeesItAnyway.
    """
    if not reason.strip():
        raise ReasonRequired
    days = min(max(days, 1), value_of("share_days"))
    person = User.objects.filter(staff_no=staff_no.strip(), is_active=True).first()
    if person is None:
        raise NobodyThere(staff_no=staff_no.strip()[:20])
    before = RecordingShare.objects.filter(content_object=recording, user=person)
    if not before.exists() and may_open(person, recording.call):
        raise SeesItAnyway
    share: RecordingShare
    share, _made = RecordingShare.objects.update_or_create(
        content_object=recording,
        user=person,
        permission=Permission.objects.get(
            codename=WATCH, content_type__app_label="recordings", content_type__model="recording"
        ),
        defaults={
            "reason": reason.strip()[:200],
            "shared_by": by,
            "shared_at": timezone.now(),
            "expires_at": timezone.now() + dt.timedelta(days=days),
        },
    )
    _note("recording.shared", share, actor, reason=share.reason, days=days)
    return share


@transaction.atomic
def withdraw_share(recording_id: UUID, share_id: int, *, actor: Actor) -> None:
    """Raises NotFound."""
    rows = RecordingShare.objects.select_related("content_object__call", "user")
    share = rows.filter(pk=share_id, content_object_id=recording_id).first()
    if share is None:
        raise NotFound
    _note("recording.share_withdrawn", share, actor)
    share.delete()


def remove_ended_shares() -> int:
    """What is over opens nothing; the row goes too. How many went."""
    return RecordingShare.objects.filter(expires_at__lte=timezone.now()).delete()[0]


def _note(action: str, share: RecordingShare, actor: Actor, **facts: Any) -> None:
    audit.record(
        action,
        actor=actor,
        object_type="recording",
        object_id=share.content_object_id,
        chain=audit.interview_chain(share.content_object.call.task_id),
        staff_no=share.user.staff_no,
        **facts,
    )
