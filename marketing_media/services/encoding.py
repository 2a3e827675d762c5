"""The job: an upload is checked and encoded. The row is the job, a task only wakes it."""

import datetime as dt
import hashlib
import json
import logging
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from common.actor import SYSTEM
from common.clock import db_now
from marketing_media.models import MediaItem
from marketing_media.playout import PLAY_FILE
from marketing_media.states import MAX_ATTEMPTS, Encoding

from .items import note

logger = logging.getLogger(__name__)

LEASE = dt.timedelta(seconds=60)
KEEP_OLD = dt.timedelta(days=1)
LIMIT_S = 3600.0
OPEN = (Encoding.WAITING, Encoding.ENCODING)


@dataclass(frozen=True, slots=True)
class Claim:
    item_id: int
    epoch: int


class _Lost(Exception):
    """Another upload or another worker took over."""


def due_items(limit: int) -> list[int]:
    due = Q(lease_until=None) | Q(lease_until__lt=db_now())
    return list(
        MediaItem.objects.filter(due, encoding__in=OPEN)
        .order_by("pk")
        .values_list("pk", flat=True)[:limit]
    )


def encode_item(item_id: int) -> bool:
    """Encode an item's upload. False when there is nothing to do or another one does it."""
    claim = _claim(item_id)
    if claim is None:
        return False
    item = MediaItem.objects.get(pk=item_id)
    folder = item.folder / f"e{claim.epoch}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        said = _run(claim, item.source, folder)
    except _Lost:
        logger.warning("media item %s: claim lost at epoch %s", item_id, claim.epoch)
        shutil.rmtree(folder, ignore_errors=True)
        return False
    if "result" in said:
        return _take_over(claim, said["result"], folder)
    shutil.rmtree(folder, ignore_errors=True)
    _fail(claim, said.get("unfit", ""))
    return False


def forget_old_files() -> None:
    """Play-outs and sources that another took the place of, a day later."""
    oldest = time.time() - KEEP_OLD.total_seconds()
    for item in MediaItem.objects.exclude(source_sha256=""):
        if not item.folder.exists():
            continue
        kept = {f"e{item.play_epoch}", f"e{item.epoch}", item.source.name}
        for path in item.folder.iterdir():
            if path.name in kept or path.stat().st_mtime > oldest:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


@transaction.atomic
def _claim(item_id: int) -> Claim | None:
    item = (
        MediaItem.objects.select_for_update(skip_locked=True)
        .filter(pk=item_id, encoding__in=OPEN)
        .first()
    )
    now = db_now()
    if item is None or (item.lease_until and item.lease_until > now):
        return None
    if item.attempts >= MAX_ATTEMPTS:
        item.encoding, item.problem, item.lease_until = Encoding.FAILED, "crashed", None
        item.save()
        return None
    item.epoch += 1
    item.attempts += 1
    item.encoding, item.progress, item.lease_until = Encoding.ENCODING, 0, now + LEASE
    item.save()
    return Claim(item.pk, item.epoch)


def _renew(claim: Claim, progress: float) -> None:
    held = MediaItem.objects.filter(pk=claim.item_id, epoch=claim.epoch)
    if not held.update(lease_until=db_now() + LEASE, progress=progress):
        raise _Lost


def _run(claim: Claim, source: Path, folder: Path) -> dict[str, Any]:
    """The last JSON line of the encoder; empty when it said nothing (it crashed).

    Decoding what strangers sent happens only in that process: a crash of a codec costs it alone.
    """
    command = [sys.executable, "-m", "marketing_media.encode", str(source), str(folder)]
    started = renewed = time.monotonic()
    last: dict[str, Any] = {}
    with subprocess.Popen(  # noqa: S603 - our own module, arguments are paths we made
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=settings.BASE_DIR, text=True
    ) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - PIPE was asked for
            for line in process.stdout:
                last = json.loads(line)
                now = time.monotonic()
                if now - started > LIMIT_S:
                    return {}
                if "progress" in last and now - renewed > 1.0:
                    renewed = now
                    _renew(claim, last["progress"])
        finally:
            process.kill()
    return last if "progress" not in last else {}


def _take_over(claim: Claim, result: dict[str, Any], folder: Path) -> bool:
    """The new play-out is in force from here on; the old one's files stay for a day."""
    play = folder / PLAY_FILE
    sha256 = _sha256(play)
    with transaction.atomic():
        item = (
            MediaItem.objects.select_for_update()
            .filter(pk=claim.item_id, epoch=claim.epoch)
            .first()
        )
        if item is None:
            shutil.rmtree(folder, ignore_errors=True)
            return False
        item.play_epoch, item.play_bytes, item.play_sha256 = (
            claim.epoch,
            play.stat().st_size,
            sha256,
        )
        item.duration_ms = result["duration_ms"]
        item.width, item.height = result["width"], result["height"]
        item.has_audio = result["has_audio"]
        item.encoding, item.progress, item.problem = Encoding.READY, 1, ""
        item.encoded_at, item.lease_until = db_now(), None
        item.save()
        note(item, "encoded", actor=SYSTEM, sha256=sha256, duration_ms=item.duration_ms)
    return True


def _fail(claim: Claim, problem: str) -> None:
    """What the encoder found unfit stays so; after a crash there is another try."""
    held = MediaItem.objects.filter(pk=claim.item_id, epoch=claim.epoch)
    if problem:
        held.update(encoding=Encoding.FAILED, problem=problem, lease_until=None)
    else:
        held.update(encoding=Encoding.WAITING, lease_until=db_now() + dt.timedelta(seconds=30))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
