"""Stored files move to the archive tier by their product's rule (STO-4).

Copied, read back and hashed there first; then the row changes; then the first copy goes. Whoever
dies in between leaves two copies, never none: the next run ends it. A first copy that its store keeps
locked stays noted on the row until it has gone, too.
"""

import datetime as dt
import logging
import tempfile
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit import services as audit
from common.actor import SYSTEM
from common.faultpoint import faultpoint
from recordings.models import UNLIKE, Recording, StoredObject
from recordings.states import Stage, Tier
from recordings.storage import CHUNK_BYTES, ChecksumMismatch, StillLocked, has_cold_tier, store

from .keeping import lock
from .rounds import Visit, along

logger = logging.getLogger(__name__)


def move_cold(visit: Visit | None = None) -> int:
    """Move what has been in the store long enough. Returns how many recordings have moved now."""
    if not has_cold_tier():
        return 0
    due = Recording.objects.filter(
        stage=Stage.STORED, cold_due__lte=timezone.localdate(), rebuild_asked_at=None
    )
    return along(due, _move_recording, visit, order="cold_due")


def _move_recording(recording_id: UUID) -> bool:
    """All its files but those that are not what they were: these stay, and it shows as a trouble."""
    recording = Recording.objects.select_related("call").get(pk=recording_id)
    same = Recording.objects.filter(pk=recording_id, stage=Stage.STORED)
    unlike = 0
    for stored in recording.objects_stored.filter(tier=Tier.HOT).exclude(confirmed_at=None):
        try:
            _move(stored)
        except ChecksumMismatch:
            logger.warning("stored file %s is not what it was", stored.pk)
            unlike += 1
            same.update(error=f"{UNLIKE}: {unlike}")
    if unlike:
        return False
    same.update(cold_due=None)
    same.filter(error__startswith=UNLIKE).update(error="")
    audit.record(
        "recording.moved_cold",
        actor=SYSTEM,
        object_type="recording",
        object_id=recording.pk,
        chain=audit.interview_chain(recording.call.task_id),
    )
    return True


def _move(stored: StoredObject) -> None:
    """Raises ChecksumMismatch, OSError; the file stays where it was then."""
    with tempfile.NamedTemporaryFile(prefix="tier-") as copy:
        with store(Tier.HOT).open(stored.key) as source:
            while chunk := source.read(CHUNK_BYTES):
                copy.write(chunk)
        copy.flush()
        store(Tier.COLD).put(
            Path(copy.name),
            stored.key,
            size=stored.bytes,
            sha256=stored.sha256,
            beat=lambda: None,
        )
    faultpoint("tier.copied")
    until = stored.recording.lock_until
    if until is not None and until >= timezone.localdate():
        lock(Tier.COLD, stored.key, until)
    else:
        until = None
    locked_until = _change_tier(stored, until)
    faultpoint("tier.changed")
    try:
        _remove_first(stored.pk, locked_until)
    except OSError as away:
        logger.warning("first copy of %s left: %s", stored.pk, type(away).__name__)


def remove_first_copies(visit: Visit | None = None) -> int:
    """First copies that were locked, or whose store was away, when their file moved. Returns how many
    are gone now."""
    if not has_cold_tier():
        return 0
    left = StoredObject.objects.filter(first_copy_until__lt=timezone.localdate())
    return along(left, _remove_first, visit, order="first_copy_until")


def _remove_first(file_id: int, locked_until: dt.date | None = None) -> bool:
    """`locked_until`: of the first copy, where that is known. Raises OSError."""
    row = StoredObject.objects.filter(pk=file_id, tier=Tier.COLD).first()
    if row is None or row.first_copy_until is None:
        return False
    mine = StoredObject.objects.filter(pk=file_id, first_copy_until=row.first_copy_until)
    try:
        remove_hot_copy(row.key)
    except StillLocked:
        # Asked again when that is over, tomorrow at the soonest.
        until = locked_until or row.locked_until or timezone.localdate()
        mine.update(first_copy_until=max(timezone.localdate(), until))
        return False
    faultpoint("tier.first_gone")
    return bool(mine.update(first_copy_until=None))


def remove_hot_copy(key: str) -> None:
    """What the archive tier has; a hold went along to there. Raises StillLocked, OSError."""
    hot = store(Tier.HOT)
    if hot.exists(key):
        hot.hold(key, on=False)
        hot.delete(key)


@transaction.atomic
def _change_tier(stored: StoredObject, locked_until: dt.date | None) -> dt.date | None:
    """A legal hold goes along; under the row's lock, so that none is placed in between. Returns the lock
    of the first copy."""
    row = StoredObject.objects.select_for_update().get(pk=stored.pk)
    if row.is_held:
        store(Tier.COLD).hold(row.key, on=True)
    before = row.locked_until
    row.tier, row.locked_until = Tier.COLD, locked_until
    row.first_copy_until = timezone.localdate() - dt.timedelta(
        days=1
    )  # to go now, if its store lets it
    row.save(update_fields=["tier", "locked_until", "first_copy_until"])
    return before
