"""A recording made anew from its raw tracks and its journal."""

from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from audit import services as audit
from common.actor import Actor
from common.clock import db_now
from common.faultpoint import faultpoint
from recordings.errors import CannotRebuild
from recordings.models import UNLIKE, Recording
from recordings.outputs import Outputs
from recordings.states import ObjectKind, Stage, Tier
from recordings.storage import make_durable, sha256_of, store

from . import work
from .jobs import LEASE, wake

_MADE = {ObjectKind.COMPOSED, ObjectKind.MANIFEST, ObjectKind.REEL}


def rebuild(recording_id: UUID, *, actor: Actor) -> None:
    """Bring the raw files back where they are missing and begin at the first stage again.

    Raises CannotRebuild when somebody works on it, when it was deleted, or when a raw file is
    neither here nor in the store. What was composed before stays in the store as it was.
    """
    now = db_now()
    mine = (
        Recording.objects.filter(pk=recording_id)
        .exclude(stage=Stage.DELETED)
        .filter(Q(leased_until=None) | Q(leased_until__lt=now))
        .update(epoch=F("epoch") + 1, leased_until=now + LEASE)
    )
    if not mine:
        raise CannotRebuild
    recording = Recording.objects.select_related("call").get(pk=recording_id)
    held = Recording.objects.filter(pk=recording_id, epoch=recording.epoch)
    try:
        _restore(recording)
    except CannotRebuild:
        held.update(leased_until=None)
        raise
    faultpoint("raw.restored")
    with transaction.atomic():
        begun = held.update(
            stage=Stage.RAW,
            leased_until=None,
            due_at=db_now(),
            attempts=0,
            error="",
            progress=0.0,
            spool_freed_at=None,
        )
        if not begun:
            raise CannotRebuild
        if recording.error.startswith(UNLIKE):
            # What could not be moved is put again, from the copies that are whole.
            unmoved = recording.objects_stored.filter(tier=Tier.HOT).exclude(kind__in=_MADE)
            unmoved.update(confirmed_at=None)
        audit.record(
            "recording.rebuild_asked",
            actor=actor,
            object_type="recording",
            object_id=recording_id,
            chain=audit.interview_chain(recording.call.task_id),
        )
        transaction.on_commit(lambda: wake(recording_id), robust=True)


def _restore(recording: Recording) -> None:
    """The spool's folder from the store, file by file, each with the bytes it had."""
    root = work.call_folder(recording.call_id)
    if (root / "journal.jsonl").exists():
        return
    rows = recording.objects_stored.exclude(kind__in=_MADE).exclude(confirmed_at=None)
    if not rows or not Outputs.of(recording.outputs).tracks:
        raise CannotRebuild
    # The journal last: a folder without it counts as not there.
    for row in sorted(rows, key=lambda stored: stored.kind == ObjectKind.JOURNAL):
        target = root / row.name
        target.parent.mkdir(parents=True, exist_ok=True)
        arriving = target.with_name(f"{target.name}.tmp")
        try:
            with store(row.tier).open(row.key) as stored, arriving.open("wb") as file:
                while chunk := stored.read(1 << 20):
                    file.write(chunk)
        except FileNotFoundError as gone:
            raise CannotRebuild from gone
        if sha256_of(arriving) != row.sha256:
            arriving.unlink()
            raise CannotRebuild
        make_durable(arriving)
        faultpoint("raw.copied")
        arriving.replace(target)
