"""Local copies go when, and only when, the store holds every one of them (STO-1).

Each file is compared once more with what the store confirmed: size and SHA-256. Something that the
store does not have keeps the whole folder, and shows under 录像异常.
"""

import datetime as dt
import json
import shutil
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q

from audit import services as audit
from common.actor import SYSTEM
from common.clock import db_now
from common.faultpoint import faultpoint
from recordings.models import UNLIKE, Recording
from recordings.outputs import Outputs
from recordings.states import Stage
from recordings.storage import sha256_of, store

from . import work
from .jobs import LEASE
from .rounds import Visit, along

# Made by us on the way, never evidence: a composed copy of an earlier epoch, instructions, scraps.
_SCRAPS = frozenset({".tmp"})
FREED = ".freed"


def free_spool(visit: Visit | None = None) -> int:
    """Remove the folders of recordings stored SPOOL_KEEP_HOURS ago. Returns how many are gone now.

    Those that could not go before come last: each of their files is hashed again to know why not.
    """
    before = db_now() - dt.timedelta(hours=settings.SPOOL_KEEP_HOURS)
    # Where a stored file is not what it was, the local one may be the last that is.
    waiting = Recording.objects.filter(
        stage=Stage.STORED, spool_freed_at=None, stored_at__lt=before, rebuild_asked_at=None
    ).exclude(error__startswith=UNLIKE)
    visit = visit or Visit()
    return sum(
        along(rows, _free, visit, order="stored_at")
        for rows in (waiting.filter(error=""), waiting.exclude(error=""))
    )


def _free(recording_id: UUID) -> bool:
    """With the recording's lease, so that a rebuild cannot begin while its files go."""
    now = db_now()
    mine = (
        Recording.objects.filter(pk=recording_id, stage=Stage.STORED, spool_freed_at=None)
        .filter(rebuild_asked_at=None)
        .filter(Q(leased_until=None) | Q(leased_until__lt=now))
        .update(epoch=F("epoch") + 1, leased_until=now + LEASE)
    )
    if not mine:
        return False
    recording = Recording.objects.select_related("call").get(pk=recording_id)
    held = Recording.objects.filter(pk=recording_id, epoch=recording.epoch)
    folder = work.call_folder(recording.call_id)
    unsafe = unconfirmed(recording, folder)
    if unsafe:
        held.update(leased_until=None, error=f"spool kept: {len(unsafe)} file(s) not in the store")
        return False
    # Renamed first: a folder is there whole or not at all, whenever we are killed.
    gone = folder.with_name(folder.name + FREED)
    if folder.is_dir():
        folder.rename(gone)
    faultpoint("spool.renamed")
    if not held.update(leased_until=None, spool_freed_at=db_now(), error=""):
        if gone.is_dir() and not folder.exists():
            gone.rename(folder)  # somebody took it over meanwhile
        return False
    faultpoint("spool.noted")
    shutil.rmtree(gone, ignore_errors=True)
    audit.record(
        "recording.spool_freed",
        actor=SYSTEM,
        object_type="recording",
        object_id=recording.pk,
        chain=audit.interview_chain(recording.call.task_id),
    )
    return True


def unconfirmed(recording: Recording, folder: Path) -> list[str]:
    """Files of the folder that the store does not hold with the same size and SHA-256.

    What is not to be kept (WB-6) is safe when the manifest, which is, has its hash; never while
    there is no whole copy of it.
    """
    if not folder.is_dir():
        return []
    not_kept = _not_kept(folder / recording.manifest) if recording.manifest else {}
    confirmed = {row.name: row for row in recording.objects_stored.exclude(confirmed_at=None)}
    if recording.lacks_copy:  # the manifest may be of a time when that changed nothing
        needed = Outputs.of(recording.outputs).without_copy()
        not_kept = {name: digest for name, digest in not_kept.items() if not needed.keeps(name)}
    unsafe = []
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        if not file.is_file() or _is_scrap(name):
            continue
        row = confirmed.get(name)
        if row is None and not_kept.get(name) == sha256_of(file):
            continue
        is_safe = (
            row is not None
            and row.bytes == file.stat().st_size
            and row.sha256 == sha256_of(file)
            and store(row.tier).exists(row.key)
        )
        if not is_safe:
            unsafe.append(name)
    return unsafe


def _not_kept(manifest: Path) -> dict[str, str]:
    """Name and SHA-256 of the recorded files that the manifest names and nobody wants kept.

    The manifest itself is one of the files that must be in the store with these very bytes.
    """
    if not manifest.is_file():
        return {}
    named = json.loads(manifest.read_text(encoding="utf-8"))["files"]
    return {file["name"]: file["sha256"] for file in named if not file.get("kept", True)}


def _is_scrap(name: str) -> bool:
    """What we made ourselves in `out/` and what is not named by the recording can be made again."""
    path = Path(name)
    return path.suffix in _SCRAPS or name == f"{work.OUT}/spec.json"


def remove_freed_leftovers() -> int:
    """Folders a killed process had renamed and not removed. Returns how many."""
    root = Path(settings.SPOOL_DIR)
    found = [each for each in root.glob(f"*{FREED}") if each.is_dir()] if root.is_dir() else []
    for folder in found:
        shutil.rmtree(folder, ignore_errors=True)
    return len(found)
