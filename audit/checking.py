"""Checks of the log as jobs: asked for, claimed with a lease, kept as a result (WB-20)."""

import datetime as dt
import time
from collections.abc import Callable
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from common.actor import Actor, ActorKind

from .chain import Check, check_chain, every_chain
from .errors import CheckRunning
from .models import ChainCheck
from .services import record
from .states import EVERY_CHAIN, LIVE_CHECK, CheckState

LEASE = dt.timedelta(minutes=2)
TELL_EVERY_S = 5.0
MOST_ATTEMPTS = 3
KEPT = 200  # results; older ones are in the log itself


def request_check(chain: str, *, actor: Actor) -> ChainCheck:
    """A job that a worker takes up. Raises CheckRunning while the same is being checked."""
    try:
        with transaction.atomic():
            job = ChainCheck.objects.create(
                chain=chain, asked_by_id=actor.id, asked_by=actor.name or str(actor.kind)
            )
            transaction.on_commit(lambda: _wake(job.pk), robust=True)
            return job
    except IntegrityError as error:
        raise CheckRunning from error


def run(job_id: UUID) -> None:
    """Check and keep the result, as an entry too. Twice or never does no harm."""
    job = _claim(job_id)
    if job is None:
        return
    try:
        found = _checked(job)
    except _Lost:
        return
    state = CheckState.HOLDS if found.holds else CheckState.BROKEN
    with transaction.atomic():
        settled = _settle(
            job,
            state=state,
            entries=found.entries,
            first_at=found.first_at,
            last_at=found.last_at,
            broken_chain="" if found.holds else found.chain,
            broken_seq=found.broken_seq,
            finished_at=timezone.now(),
            leased_until=None,
        )
        if settled:
            record(
                "audit.verified",
                actor=Actor(ActorKind.USER, job.asked_by_id, job.asked_by),
                object_type="audit",
                object_id=job.chain[:60],
                holds=found.holds,
                count=found.entries,
            )


def due_checks(limit: int) -> list[UUID]:
    """Waiting ones, and those whose worker has gone; results nobody asks for any more go."""
    free = Q(leased_until=None) | Q(leased_until__lt=timezone.now())
    old = ChainCheck.objects.exclude(state__in=LIVE_CHECK).values_list("pk", flat=True)[KEPT:]
    ChainCheck.objects.filter(pk__in=list(old)).delete()
    rows = ChainCheck.objects.filter(free, state__in=LIVE_CHECK).order_by("asked_at")
    return list(rows.values_list("pk", flat=True)[:limit])


# --- steps ----------------------------------------------------------------------------------


class _Lost(Exception):
    """Another worker has taken the job over: this one's lease was out."""


def _claim(job_id: UUID) -> ChainCheck | None:
    now = timezone.now()
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    rows = ChainCheck.objects.filter(free, pk=job_id, state__in=LIVE_CHECK)
    rows.filter(epoch__gte=MOST_ATTEMPTS).update(state=CheckState.FAILED, finished_at=now)
    claimed = rows.filter(epoch__lt=MOST_ATTEMPTS).update(
        state=CheckState.RUNNING, epoch=F("epoch") + 1, leased_until=now + LEASE, entries=0
    )
    return ChainCheck.objects.get(pk=job_id) if claimed else None


def _settle(job: ChainCheck, **values: object) -> bool:
    rows = ChainCheck.objects.filter(pk=job.pk, epoch=job.epoch, state=CheckState.RUNNING)
    return bool(rows.update(**values))


def _checked(job: ChainCheck) -> Check:
    tell = _told(job)
    if job.chain != EVERY_CHAIN:
        return check_chain(job.chain, tell)
    entries, first_at, last_at = 0, None, None
    for chain in every_chain():
        found = check_chain(chain, lambda count, before=entries: tell(before + count))  # type: ignore[misc]
        entries += found.entries
        first_at = min(filter(None, (first_at, found.first_at)), default=None)
        last_at = max(filter(None, (last_at, found.last_at)), default=None)
        if not found.holds:
            return Check(chain, False, entries, found.broken_seq, first_at, last_at)
    return Check(EVERY_CHAIN, True, entries, None, first_at, last_at)


def _told(job: ChainCheck) -> Callable[[int], None]:
    """Notes how far it is, and renews the lease, now and then. Raises _Lost."""
    last = time.monotonic()

    def tell(entries: int) -> None:
        nonlocal last
        if time.monotonic() - last < TELL_EVERY_S:
            return
        last = time.monotonic()
        if not _settle(job, entries=entries, leased_until=timezone.now() + LEASE):
            raise _Lost

    return tell


def _wake(job_id: UUID) -> None:
    from .tasks import check_chain as task  # the task calls this module

    task.delay(str(job_id))
