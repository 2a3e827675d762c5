"""Stored files move to the archive tier by their product's rule (STO-4).

Copied, read back and hashed there first; then the row changes; then the first copy goes. Whoever
dies in between leaves two copies, never none: the next run ends it.
"""

import datetime as dt
import tempfile
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from audit import services as audit
from common.actor import SYSTEM
from common.faultpoint import faultpoint
from outbox.services import publish
from recordings.models import Recording, RetentionRule, StoredObject
from recordings.states import Stage, Tier
from recordings.storage import CHUNK_BYTES, StillLocked, has_cold_tier, store


def move_cold(limit: int = 20) -> int:
    """Move what has been in the store long enough. Returns how many recordings have moved now."""
    if not has_cold_tier():
        return 0
    rules = {rule.product_code: rule for rule in RetentionRule.objects.all()}
    moved = 0
    for recording in _due(rules, limit):
        for stored in recording.objects_stored.filter(tier=Tier.HOT).exclude(confirmed_at=None):
            _move(stored)
        audit.record(
            "recording.moved_cold",
            actor=SYSTEM,
            object_type="recording",
            object_id=recording.pk,
            chain=audit.interview_chain(recording.call.task_id),
        )
        moved += 1
    return moved


def _due(rules: dict[str, RetentionRule], limit: int) -> list[Recording]:
    """Recordings with a file in the hot tier whose product's rule says it is time, oldest first."""
    days = [rule.cold_after_days for rule in rules.values() if rule.cold_after_days is not None]
    if not days:
        return []
    now = timezone.now()
    waiting = (
        Recording.objects.filter(
            stage=Stage.STORED,
            stored_at__lt=now - dt.timedelta(days=min(days)),
            objects_stored__tier=Tier.HOT,
        )
        .select_related("call__task")
        .order_by("stored_at")
        .distinct()
    )
    found = []
    for recording in waiting[: limit * 10]:
        rule = rules.get(recording.call.task.product_code) or rules.get("")
        after = rule.cold_after_days if rule else None
        stored_at = recording.stored_at
        if after is None or stored_at is None or stored_at > now - dt.timedelta(days=after):
            continue
        found.append(recording)
    return found[:limit]


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
    keep_until = stored.recording.keep_until
    if keep_until is not None:
        end = timezone.make_aware(dt.datetime.combine(keep_until, dt.time.max))
        store(Tier.COLD).retain(stored.key, end)
    was_held = _change_tier(stored)
    faultpoint("tier.changed")
    remove_hot_copy(stored.key, was_held=was_held)


def remove_hot_copy(key: str, *, was_held: bool) -> None:
    """What the archive tier has. Done at once, and again by the message of the change: idempotent."""
    if was_held and store(Tier.HOT).exists(key):
        store(Tier.HOT).hold(key, on=False)
    try:
        store(Tier.HOT).delete(key)
    except StillLocked:
        return  # locked until its time is over: the store lets it go then, the copy is what counts


@transaction.atomic
def _change_tier(stored: StoredObject) -> bool:
    """A legal hold goes along; under the row's lock, so that none is placed in between."""
    row = StoredObject.objects.select_for_update().get(pk=stored.pk)
    if row.is_held:
        store(Tier.COLD).hold(row.key, on=True)
    row.tier = Tier.COLD
    row.save(update_fields=["tier"])
    # Who dies before the first copy is removed leaves it to this message.
    publish("object.moved_cold", key=row.key, storage_key=row.key, was_held=row.is_held)
    return row.is_held
