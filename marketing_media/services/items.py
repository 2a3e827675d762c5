"""Enabling, disabling, deleting (MKT-1)."""

import shutil
from collections.abc import Iterable
from typing import Any

from django.db import transaction

from audit import services as audit
from common.actor import Actor
from marketing_media.errors import MediaEnabled, MediaInUse, NotPlayable
from marketing_media.models import MediaItem
from marketing_media.selectors import uses_of


@transaction.atomic
def set_enabled(item_ids: Iterable[int], *, enabled: bool, actor: Actor) -> int:
    """How many changed. Raises NotPlayable for an item without a play-out, MediaInUse; then none."""
    changed = 0
    for item in MediaItem.objects.select_for_update().filter(pk__in=item_ids).order_by("pk"):
        if item.enabled is enabled:
            continue
        if enabled and not item.is_playable:
            raise NotPlayable(title=item.title)
        if not enabled:
            _require_dispensable(item)
        item.enabled = enabled
        item.save(update_fields=["enabled"])
        note(item, "enabled" if enabled else "disabled", actor=actor)
        changed += 1
    return changed


def delete_item(item_id: int, *, actor: Actor) -> None:
    """Delete a disabled item with its files. Raises MediaEnabled, MediaInUse."""
    with transaction.atomic():
        item = MediaItem.objects.select_for_update().get(pk=item_id)
        if item.enabled:
            raise MediaEnabled(title=item.title)
        _require_dispensable(item)
        note(item, "deleted", actor=actor)
        folder = item.folder
        files = [upload.file for upload in item.uploads.all()]
        item.delete()
    shutil.rmtree(folder, ignore_errors=True)
    for file in files:
        file.unlink(missing_ok=True)


def _require_dispensable(item: MediaItem) -> None:
    """Raises MediaInUse while something in force cannot do without the item."""
    if needing := [use.where for use in uses_of(item.pk) if use.needed]:
        raise MediaInUse(title=item.title, where="；".join(needing))


def note(item: MediaItem, change: str, *, actor: Actor, **facts: Any) -> None:
    audit.record(
        f"media.{change}",
        actor=actor,
        object_type="media_item",
        object_id=item.pk,
        title=item.title,
        **facts,
    )
