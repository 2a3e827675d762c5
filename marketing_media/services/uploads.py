"""Uploads in parts: what arrived stays, and the next part says where it belongs."""

import datetime as dt
import hashlib
import os
from pathlib import Path
from uuid import UUID

from django.db import transaction

from common.actor import Actor
from common.clock import db_now
from common.errors import NotFound
from marketing_media.errors import UploadEmpty, UploadTooLarge, WrongOffset
from marketing_media.models import MediaItem, MediaUpload
from marketing_media.states import Encoding
from parameters.selectors import value_of

from .items import note

CHUNK_BYTES = 1 << 20
STALE_AFTER = dt.timedelta(days=3)


@transaction.atomic
def begin_upload(
    item_id: int, *, user_id: int, name: str, size: int, fingerprint: str
) -> MediaUpload:
    """Begin, or go on with what the same person began with the same file.

    Raises NotFound, UploadEmpty, UploadTooLarge.
    """
    if size <= 0:
        raise UploadEmpty
    limit_mb = value_of("media_upload_mb")
    if size > limit_mb << 20:
        raise UploadTooLarge(limit_mb=limit_mb)
    item = MediaItem.objects.select_for_update().filter(pk=item_id).first()
    if item is None:
        raise NotFound
    upload, _new = MediaUpload.objects.get_or_create(
        item=item,
        user_id=user_id,
        fingerprint=hashlib.sha256(f"{fingerprint}|{size}".encode()).hexdigest(),
        defaults={"name": Path(name).name[:200] or "upload", "bytes": size},
    )
    if upload.received and not upload.file.exists():
        upload.received = 0
        upload.save(update_fields=["received"])
    return upload


def take_chunk(upload_id: UUID, *, offset: int, chunk: bytes, actor: Actor) -> MediaUpload | None:
    """Write the part that begins at `offset`. None when it was the last: the item waits for encoding.

    Raises NotFound, WrongOffset (then nothing was written; it names where to go on),
    UploadTooLarge for more bytes than were announced.
    """
    with transaction.atomic():
        upload = (
            MediaUpload.objects.select_for_update()
            .filter(pk=upload_id, user_id=int(actor.id))
            .first()
        )
        if upload is None:
            raise NotFound
        received = upload.received if upload.file.exists() else 0
        if offset != received:
            raise WrongOffset(received=received)
        if offset + len(chunk) > upload.bytes:
            raise UploadTooLarge(limit_mb=upload.bytes >> 20)
        _write(upload.file, offset, chunk)
        upload.received = offset + len(chunk)
        upload.touched_at = db_now()
        upload.save(update_fields=["received", "touched_at"])
        if upload.received < upload.bytes:
            return upload
        _finish(upload, actor)
        return None


def give_up_upload(upload_id: UUID, *, user_id: int) -> None:
    """Forget a part upload and its bytes. Raises NotFound."""
    upload = MediaUpload.objects.filter(pk=upload_id, user_id=user_id).first()
    if upload is None:
        raise NotFound
    upload.delete()
    upload.file.unlink(missing_ok=True)


def drop_stale_uploads() -> int:
    """Part uploads nobody came back to."""
    dropped = 0
    for upload in MediaUpload.objects.filter(touched_at__lt=db_now() - STALE_AFTER):
        file = upload.file
        upload.delete()
        file.unlink(missing_ok=True)
        dropped += 1
    return dropped


def _write(file: Path, offset: int, chunk: bytes) -> None:
    """Bytes a torn request left behind `offset` are written over."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("r+b" if file.exists() else "w+b") as writer:
        writer.truncate(offset)
        writer.seek(offset)
        writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())


def _finish(upload: MediaUpload, actor: Actor) -> None:
    """The whole file becomes the item's source. The item's row is locked after the upload's."""
    digest = hashlib.sha256()
    with upload.file.open("rb") as reader:
        while part := reader.read(CHUNK_BYTES):
            digest.update(part)
    item = MediaItem.objects.select_for_update().get(pk=upload.item_id)
    item.source_name, item.source_bytes = upload.name, upload.bytes
    item.source_sha256 = digest.hexdigest()
    item.encoding, item.problem, item.progress = Encoding.WAITING, "", 0
    item.attempts, item.lease_until = 0, None
    item.epoch += 1  # whoever encodes the file before it has lost its claim
    item.folder.mkdir(parents=True, exist_ok=True)
    upload.file.replace(item.source)
    item.save()
    note(item, "uploaded", actor=actor, bytes=item.source_bytes, sha256=item.source_sha256)
    upload.delete()
    item_id = item.pk
    from marketing_media import tasks  # the task calls this package

    transaction.on_commit(lambda: tasks.encode.delay(item_id), robust=True)
