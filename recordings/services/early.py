"""边录边传: closed parts of a track go to the store while their call still runs (WB-6, O1).

Only the last part, the snapshots and what is made afterwards are left when the call ends.
"""

import datetime as dt
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from common.clock import db_now
from common.faultpoint import faultpoint
from interviews.models import Call
from recordings.errors import LeaseLost, StepFailed
from recordings.models import EarlyPart
from recordings.policy import UploadWhen, outputs_of, upload_when
from recordings.states import FINAL
from recordings.storage import ChecksumMismatch, StillLocked, new_key, store

from . import work
from .jobs import BACKOFF_S, LEASE, RENEW_EVERY_S
from .rounds import Visit, along


def note_part_closed(call_id: UUID, *, name: str, size: int, sha256: str) -> None:
    """The media worker closed a file for good: send it. Idempotent."""
    call = Call.objects.select_related("task", "recording").get(pk=call_id)
    recording = getattr(call, "recording", None)
    if recording is not None and recording.stage in FINAL:
        return
    if upload_when(call.task) is not UploadWhen.RECORDING or not outputs_of(call.task).keeps(name):
        return
    part, fresh = EarlyPart.objects.get_or_create(
        call=call, name=name, defaults={"key": new_key(), "bytes": size, "sha256": sha256}
    )
    faultpoint("early.noted")
    if fresh:
        wake(part.pk)


def wake(part_id: int) -> None:
    """Have a worker look at it now; the row is the job, this only saves seconds."""
    from recordings.tasks import send_part  # the task calls this package

    transaction.on_commit(lambda: send_part.delay(part_id), robust=True)


def send_part(part_id: int) -> bool:
    """Put one part into the store. False when it is not due, somebody else has it, or it failed.

    The store resumes what a killed worker began, as the key is the same; it confirms size and
    SHA-256 of what it holds.
    """
    now = db_now()
    due = EarlyPart.objects.filter(_free(now), pk=part_id, confirmed_at=None, due_at__lte=now)
    if not due.update(epoch=F("epoch") + 1, leased_until=now + LEASE):
        return False
    faultpoint("early.claimed")
    part = EarlyPart.objects.get(pk=part_id)
    mine = EarlyPart.objects.filter(pk=part_id, epoch=part.epoch)

    def renew() -> None:
        if not mine.update(leased_until=db_now() + LEASE):
            raise LeaseLost

    source = work.call_folder(part.call_id) / part.name
    beat = work.every(RENEW_EVERY_S, renew)
    try:
        store().put(source, part.key, size=part.bytes, sha256=part.sha256, beat=beat)
    except LeaseLost:
        return False
    except (ChecksumMismatch, OSError):
        wait_s = BACKOFF_S[min(part.attempts, len(BACKOFF_S) - 1)]
        mine.update(
            attempts=F("attempts") + 1,
            leased_until=None,
            due_at=db_now() + dt.timedelta(seconds=wait_s),
        )
        return False
    faultpoint("early.sent")
    return bool(mine.update(confirmed_at=db_now(), leased_until=None))


def _free(now: dt.datetime) -> Q:
    return Q(leased_until=None) | Q(leased_until__lt=now)


def taken_over(call_id: UUID, file: work.Line) -> dict[str, Any]:
    """Key and confirmation for the stored object of a file; the early part of the same bytes ends.

    Within the transaction that makes the object. Raises StepFailed while the part is being sent.
    """
    now = db_now()
    same = EarlyPart.objects.select_for_update().filter(
        call_id=call_id, name=file["name"], bytes=file["bytes"], sha256=file["sha256"]
    )
    part = same.first()
    if part is None:
        return {"key": new_key()}
    if part.leased_until is not None and part.leased_until >= now:
        raise StepFailed("a part is still being sent")
    part.delete()
    faultpoint("early.handed_over")
    return {"key": part.key, "confirmed_at": part.confirmed_at}


def due_parts(limit: int) -> list[int]:
    now = db_now()
    due = EarlyPart.objects.filter(_free(now), confirmed_at=None, due_at__lte=now)
    return list(due.order_by("due_at").values_list("pk", flat=True)[:limit])


def drop_unused_parts(visit: Visit | None = None) -> int:
    """Remove what was sent and is not kept after all: the recording is done and does not name it.

    Returns how many. What the store keeps locked stays and is tried again.
    """
    over = EarlyPart.objects.filter(_free(db_now()), call__recording__stage__in=FINAL)
    return along(over, _drop, visit)


def _drop(part_id: int) -> bool:
    part = EarlyPart.objects.filter(_free(db_now()), pk=part_id).first()
    if part is None:
        return False
    try:
        store().delete(part.key)
    except StillLocked:
        return False
    part.delete()
    return True
