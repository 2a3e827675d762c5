"""A recording made anew from its raw tracks and its journal.

Who asks waits for nothing: what is missing here is brought back by whoever processes the recording.
"""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from audit import services as audit
from common.actor import Actor
from common.clock import db_now
from common.faultpoint import faultpoint
from recordings.errors import CannotRebuild, StepFailed
from recordings.folder import JOURNAL
from recordings.models import UNLIKE, UNRESTORED, Recording, StoredObject
from recordings.outputs import Outputs
from recordings.states import ObjectKind, Stage, Tier
from recordings.storage import CHUNK_BYTES, make_durable, sha256_of, store

from . import jobs, work
from .jobs import Claim

_MADE = {ObjectKind.COMPOSED, ObjectKind.MANIFEST, ObjectKind.REEL}
TELL_EVERY_S = 1.0


@transaction.atomic
def rebuild(recording_id: UUID, *, actor: Actor) -> None:
    """Have it begin at the first stage again, as soon as its raw files are here.

    Raises CannotRebuild when somebody works on it or it is asked for already, when it was deleted, or
    when no raw files are kept. What was composed before stays in the store as it was.
    """
    now = db_now()
    recording = (
        Recording.objects.select_for_update(of=("self",))
        .select_related("call")
        .exclude(stage=Stage.DELETED)
        .filter(Q(leased_until=None) | Q(leased_until__lt=now), pk=recording_id)
        .filter(rebuild_asked_at=None)
        .first()
    )
    if recording is None:
        raise CannotRebuild
    wanted: dict[str, Any] = {"rebuild_asked_at": now, "progress": 0.0, "attempts": 0}
    if _is_here(recording):
        wanted = _from_the_beginning(recording)
    elif not Outputs.of(recording.outputs).tracks or not _raw_files(recording):
        raise CannotRebuild
    Recording.objects.filter(pk=recording_id).update(
        epoch=F("epoch") + 1, leased_until=None, due_at=now, **wanted
    )
    audit.record(
        "recording.rebuild_asked",
        actor=actor,
        object_type="recording",
        object_id=recording_id,
        chain=audit.interview_chain(recording.call.task_id),
    )
    transaction.on_commit(lambda: jobs.wake(recording_id), robust=True)


def restore(held: Claim, recording: Recording) -> None:
    """Bring back what a wished rebuild needs, then let it begin. Raises LeaseLost, StepFailed, OSError.

    Where that cannot be, the recording stays as it is stored, and it shows as a trouble.
    """
    try:
        if not _is_here(recording):
            _bring_back(held, recording)
    except CannotRebuild:
        was = recording.error
        jobs.renew(
            held,
            rebuild_asked_at=None,
            attempts=0,
            error=was if was.startswith(UNLIKE) else UNRESTORED,
        )
        work.remove_folder(recording.call_id)
        return
    faultpoint("raw.restored")
    with transaction.atomic():
        jobs.renew(held, **_from_the_beginning(recording))


def _from_the_beginning(recording: Recording) -> dict[str, Any]:
    """The row's fields; within the transaction that writes them."""
    if recording.error.startswith(UNLIKE):
        # What could not be moved is put again, from the copies that are whole.
        unmoved = recording.objects_stored.filter(tier=Tier.HOT).exclude(kind__in=_MADE)
        unmoved.update(confirmed_at=None)
    return {
        "stage": Stage.RAW,
        "rebuild_asked_at": None,
        "attempts": 0,
        "error": "",
        "progress": 0.0,
        "spool_freed_at": None,
    }


def _is_here(recording: Recording) -> bool:
    """The journal comes last: a folder without it counts as not there."""
    return (work.call_folder(recording.call_id) / JOURNAL).exists()


def _raw_files(recording: Recording) -> list[StoredObject]:
    rows = recording.objects_stored.exclude(kind__in=_MADE).exclude(confirmed_at=None)
    return sorted(rows, key=lambda stored: stored.kind == ObjectKind.JOURNAL)


def _bring_back(held: Claim, recording: Recording) -> None:
    """File by file, each with the bytes it had; the lease is renewed as they come."""
    root = work.call_folder(recording.call_id)
    rows = _raw_files(recording)
    whole = sum(row.bytes for row in rows)
    done = 0
    tell = work.every(
        TELL_EVERY_S, lambda: jobs.renew(held, progress=min(1.0, done / whole if whole else 0.0))
    )
    for row in rows:
        target = root / row.name
        target.parent.mkdir(parents=True, exist_ok=True)
        arriving = target.with_name(f"{target.name}.tmp")
        try:
            with store(row.tier).open(row.key) as stored, arriving.open("wb") as file:
                while chunk := stored.read(CHUNK_BYTES):
                    file.write(chunk)
                    done += len(chunk)
                    tell()
        except FileNotFoundError as gone:
            if not recording.objects_stored.filter(pk=row.pk, tier=row.tier).exists():
                raise StepFailed("a file moved meanwhile") from gone
            raise CannotRebuild from gone
        if sha256_of(arriving, tell) != row.sha256:
            arriving.unlink()
            raise CannotRebuild
        make_durable(arriving)
        faultpoint("raw.copied")
        arriving.replace(target)
