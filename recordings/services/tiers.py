"""Stored files move to the archive tier by their product's rule (STO-4).

Copied, read back and hashed there first; then the row changes; then the first copy goes. Whoever
dies in between leaves two copies, never none: the next run ends it.
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
from outbox.services import publish
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
    due = Recording.objects.filter(stage=Stage.STORED, cold_due__lte=timezone.localdate())
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
    was_held = _change_tier(stored, until)
    faultpoint("tier.changed")
    try:
        remove_hot_copy(stored.key, was_held=was_held)
    except OSError as away:
        logger.warning("first copy of %s left to its message: %s", stored.pk, type(away).__name__)


def remove_hot_copy(key: str, *, was_held: bool) -> None:
    """What the archive tier has. Done at once, and again by the message of the change: idempotent."""
    if was_held and store(Tier.HOT).exists(key):
        store(Tier.HOT).hold(key, on=False)
    try:
        store(Tier.HOT).delete(key)
    except StillLocked:
        return  # locked until its time is over: the store lets it go then, the copy is what counts


@transaction.atomic
def _change_tier(stored: StoredObject, locked_until: dt.date | None) -> bool:
    """A legal hold goes along; under the row's lock, so that none is placed in between."""
    row = StoredObject.objects.select_for_update().get(pk=stored.pk)
    if row.is_held:
        store(Tier.COLD).hold(row.key, on=True)
    row.tier, row.locked_until = Tier.COLD, locked_until
    row.save(update_fields=["tier", "locked_until"])
    # Who dies before the first copy is removed leaves it to this message.
    publish("object.moved_cold", key=row.key, storage_key=row.key, was_held=row.is_held)
    return row.is_held
