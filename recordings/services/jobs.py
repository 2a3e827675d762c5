"""A recording as a job: who works on it, and until when.

A worker that was killed loses its lease when it runs out; one that was only slow finds at its next
write that the epoch is no longer its own, and its results are thrown away.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Max, Q, QuerySet
from django.utils import timezone

from audit import services as audit
from common.actor import SYSTEM
from common.clock import db_now
from common.faultpoint import faultpoint
from common.push import push, seat_group
from interviews.models import Call
from interviews.states import RUNNING
from outbox.services import publish
from recordings.errors import LeaseLost
from recordings.models import UNFINISHED, Recording
from recordings.naming import download_name
from recordings.states import FINAL, Stage

from .archive import index

LEASE = dt.timedelta(seconds=90)
RENEW_EVERY_S = 10.0
BACKOFF_S = (2, 5, 15, 60, 300)
RECENT = dt.timedelta(days=2)
LOST_MESSAGE_AFTER = dt.timedelta(seconds=15)
SERIAL_TRIES = 20
_STORING = 0x5702ED  # advisory lock


@dataclass(frozen=True, slots=True)
class Claim:
    recording_id: UUID
    epoch: int


def ensure_recording(call_id: UUID) -> Recording:
    """The recording's row of an ended call, made at the first asking; wakes its processing."""
    existing = Recording.objects.filter(call_id=call_id).first()
    if existing is not None:
        return existing
    call = Call.objects.select_related("task", "seat__user").get(pk=call_id)
    for _ in range(SERIAL_TRIES):
        try:
            recording = _create(call)
        except IntegrityError:
            existing = Recording.objects.filter(call_id=call_id).first()
            if existing is not None:
                return existing
        else:
            return recording
    raise RuntimeError("no free serial number for a recording")


@transaction.atomic
def _create(call: Call) -> Recording:
    day = timezone.localtime(call.clock_started_at).date()
    last = Recording.objects.filter(day=day).aggregate(last=Max("serial"))["last"] or 0
    recording = Recording.objects.create(
        call=call,
        day=day,
        serial=last + 1,
        download_name=download_name(
            day, call.task.customer_name, call.seat.user.staff_no, last + 1
        ),
    )
    index(recording)
    faultpoint("recording.created")
    transaction.on_commit(lambda: wake(recording.pk), robust=True)
    return recording


def wake(recording_id: UUID) -> None:
    """Have a worker look at it now; the row is the job, this only saves seconds."""
    from recordings.tasks import process  # the task calls this package

    process.delay(str(recording_id))


def claim(recording_id: UUID) -> Claim | None:
    """Take the job if it is due and nobody holds it."""
    now = db_now()
    taken = (
        Recording.objects.filter(UNFINISHED, pk=recording_id, due_at__lte=now)
        .filter(Q(leased_until=None) | Q(leased_until__lt=now))
        .update(epoch=F("epoch") + 1, leased_until=now + LEASE)
    )
    if not taken:
        return None
    faultpoint("recording.claimed")
    # Nobody else can have taken it since: the lease has only begun.
    epoch = Recording.objects.values_list("epoch", flat=True).get(pk=recording_id)
    return Claim(recording_id, epoch)


def _write(held: Claim, **fields: Any) -> None:
    """Write while the job is still ours. Raises LeaseLost."""
    mine = Recording.objects.filter(pk=held.recording_id, epoch=held.epoch)
    if not mine.update(**fields):
        raise LeaseLost


def renew(held: Claim, **fields: Any) -> None:
    """Still at it. Raises LeaseLost."""
    _write(held, leased_until=db_now() + LEASE, **fields)


@transaction.atomic
def advance(held: Claim, stage: Stage, **results: Any) -> Recording:
    """Note a stage's results together with the stage. Raises LeaseLost."""
    _write(held, stage=stage, leased_until=db_now() + LEASE, attempts=0, error="", **results)
    recording = Recording.objects.select_related("call").get(pk=held.recording_id)
    audit.record(
        f"recording.{stage.lower()}",
        actor=SYSTEM,
        object_type="recording",
        object_id=recording.pk,
        chain=audit.interview_chain(recording.call.task_id),
        call=recording.call_id,
        bytes=recording.bytes,
        sha256=recording.sha256,
    )
    push(seat_group(recording.call.seat_id), "seat.changed")  # whose lamp tells what was found
    faultpoint("recording.advanced")
    if stage in FINAL:
        publish(
            "recording.ready",
            key=str(recording.call_id),
            recording_id=str(recording.pk),
            call_id=str(recording.call_id),
            stage=str(stage),
        )
    return recording


def take_turn() -> None:
    """Until the transaction ends nobody else stores: `stored_at` is in the order of commits.

    Whoever asks what came since a moment would otherwise never be told of one that was given an
    earlier moment and committed later.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_STORING])


def release(held: Claim) -> None:
    Recording.objects.filter(pk=held.recording_id, epoch=held.epoch).update(leased_until=None)


def wait(held: Claim, until: dt.datetime) -> None:
    """Give the job back until then; nothing failed."""
    Recording.objects.filter(pk=held.recording_id, epoch=held.epoch).update(
        leased_until=None, due_at=until
    )


def hurry(call_id: UUID) -> None:
    """What a recording waited for has happened."""
    now = db_now()
    waiting = Recording.objects.filter(call_id=call_id, attempts=0, due_at__gt=now)
    if waiting.update(due_at=now):
        wake(Recording.objects.values_list("pk", flat=True).get(call_id=call_id))


def put_off(held: Claim, error: str) -> None:
    """Give the job back after a failure; it is due again after a growing while."""
    attempts = Recording.objects.values_list("attempts", flat=True).get(pk=held.recording_id)
    wait_s = BACKOFF_S[min(attempts, len(BACKOFF_S) - 1)]
    Recording.objects.filter(pk=held.recording_id, epoch=held.epoch).update(
        attempts=attempts + 1,
        error=error[:200],
        leased_until=None,
        due_at=db_now() + dt.timedelta(seconds=wait_s),
    )


def due_recordings(limit: int) -> list[UUID]:
    """Those to wake: due, something left to do, held by nobody alive."""
    now = db_now()
    return list(
        Recording.objects.filter(UNFINISHED, due_at__lte=now)
        .filter(Q(leased_until=None) | Q(leased_until__lt=now))
        .order_by("due_at")
        .values_list("pk", flat=True)[:limit]
    )


def ended_calls_without_recording(limit: int, *, ever: bool = False) -> list[UUID]:
    """Calls whose `call.ended` never reached us: of the last days, or of all there ever were."""
    return list(lost_calls(ever=ever).values_list("pk", flat=True)[:limit])


def lost_calls(*, ever: bool = False) -> QuerySet[Call]:
    now = db_now()
    calls = Call.objects.exclude(state__in=RUNNING).filter(
        recording=None, ended_at__lt=now - LOST_MESSAGE_AFTER
    )
    # By the index there is: who asks every few seconds does not read the calls of years.
    recent = calls if ever else calls.filter(clock_started_at__gte=now - RECENT)
    return recent.order_by("ended_at")
