"""Exports: small ones at once, large ones as a job that outlives the request and the worker."""

import csv
import datetime as dt
import io
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.daily import require_left
from accounts.models import User
from accounts.selectors import actor_of
from audit import services as audit
from common.actor import Actor
from common.csv_file import safe_cell
from common.errors import DomainError
from common.masking import mask_search
from common.spreadsheet import write_xlsx_to
from parameters.selectors import value_of

from .errors import TooManyExports
from .models import LISTS, LIVE, ExportForm, ExportJob, ExportState
from .sources import Table, package_of, table_of

logger = logging.getLogger(__name__)

DIRECT_ROWS = 2000  # up to here a request answers with the file itself
MOST_LIVE = 3  # of one person
PROGRESS_ROWS = 2000
TELL_EVERY_S = 10.0
LEASE = dt.timedelta(minutes=2)
PART_LEFT = dt.timedelta(hours=1)  # nothing written for so long: nobody writes it any more
MOST_ATTEMPTS = 3


def is_small(table: Table) -> bool:
    return table.count(DIRECT_ROWS + 1) <= DIRECT_ROWS


@transaction.atomic
def note_direct(
    source: str, query: str, form: str, title: str, rows: int, *, user: User, actor: Actor
) -> None:
    """A small list that goes out with the answer. Raises DailyLimit."""
    _require_left(user, actor)
    _note_made(source, query, form, title, rows, actor)


@transaction.atomic
def request_export(
    user: User, source: str, query: str, form: ExportForm, title: str, *, actor: Actor
) -> ExportJob:
    """A job that a worker takes up. Raises DailyLimit, TooManyExports."""
    _require_left(user, actor)
    if ExportJob.objects.filter(user=user, state__in=LIVE).count() >= MOST_LIVE:
        raise TooManyExports(most=MOST_LIVE)
    job = ExportJob.objects.create(
        user=user, source=source, query=query[:2000], form=form, title=title[:100]
    )
    _note("export.requested", job, actor, search=mask_search(job.query))
    transaction.on_commit(lambda: _wake(job.pk), robust=True)
    return job


def make(job_id: UUID) -> None:
    """Make the file of a job: claim, write beside, put in place. Twice or never does no harm."""
    job = _claim(job_id)
    if job is None:
        return
    folder = Path(settings.EXPORT_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{job.file_name}.{job.epoch}.part"
    try:
        write = _writer(job)
        with part.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
    except _Lost:
        part.unlink(missing_ok=True)
        return
    except DomainError as refusal:  # no longer open to the person
        part.unlink(missing_ok=True)
        _settle(job, state=ExportState.FAILED, error=refusal.text[:120], finished_at=timezone.now())
        return
    part.replace(folder / job.file_name)
    now = timezone.now()
    kept = dt.timedelta(hours=value_of("export_kept_hours"))
    size = (folder / job.file_name).stat().st_size
    done = {"state": ExportState.DONE, "bytes": size, "finished_at": now, "expires_at": now + kept}
    with transaction.atomic():
        if _settle(job, rows_done=job.rows_done, **done):
            _note_made(
                job.source, job.query, job.form, job.title, job.rows_done, actor_of(job.user)
            )


def due_jobs(limit: int) -> list[UUID]:
    """Waiting ones, and those whose worker has gone."""
    free = Q(leased_until=None) | Q(leased_until__lt=timezone.now())
    rows = ExportJob.objects.filter(free, state__in=LIVE).order_by("requested_at")
    return list(rows.values_list("pk", flat=True)[:limit])


def remove_expired() -> int:
    """Files go after their time; the row stays a month to say that there was one.

    What a killed worker had begun goes, too: a living one has written to its own a moment ago.
    """
    now = timezone.now()
    for part in Path(settings.EXPORT_DIR).glob("*.part"):
        if part.stat().st_mtime < now.timestamp() - PART_LEFT.total_seconds():
            part.unlink(missing_ok=True)
    over = ExportJob.objects.filter(state=ExportState.DONE, expires_at__lte=now)
    gone = 0
    for job in over[:500]:
        (Path(settings.EXPORT_DIR) / job.file_name).unlink(missing_ok=True)
        gone += ExportJob.objects.filter(pk=job.pk).update(state=ExportState.GONE)
    ExportJob.objects.filter(requested_at__lt=now - dt.timedelta(days=30)).exclude(
        state__in=[*LIVE, ExportState.DONE]
    ).delete()
    return gone


def note_taken(job: ExportJob, *, actor: Actor) -> None:
    _note("export.taken", job, actor, rows=job.rows_done)


# --- steps ----------------------------------------------------------------------------------


def _require_left(user: User, actor: Actor) -> None:
    pending = ExportJob.objects.filter(user=user, state__in=LIVE).count()
    require_left("exports_per_day", ("export.made",), actor=actor, pending=pending)


def _note_made(source: str, query: str, form: str, title: str, rows: int, actor: Actor) -> None:
    """Taken out of the system: what list, what was asked of it, how much."""
    audit.record(
        "export.made",
        actor=actor,
        object_type="export",
        object_id=source,
        title=title,
        search=mask_search(query),
        rows=rows,
        kind=form,
    )


class _Lost(Exception):
    """Another worker has taken the job over: this one's lease was out."""


def _claim(job_id: UUID) -> ExportJob | None:
    now = timezone.now()
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    rows = ExportJob.objects.filter(free, pk=job_id, state__in=LIVE)
    rows.filter(attempts__gte=MOST_ATTEMPTS).update(
        state=ExportState.FAILED, error="", finished_at=now
    )
    claimed = rows.filter(attempts__lt=MOST_ATTEMPTS).update(
        state=ExportState.RUNNING,
        epoch=F("epoch") + 1,
        attempts=F("attempts") + 1,
        leased_until=now + LEASE,
        rows_done=0,
    )
    return ExportJob.objects.select_related("user").get(pk=job_id) if claimed else None


def _settle(job: ExportJob, **values: object) -> bool:
    values.setdefault("leased_until", None)
    rows = ExportJob.objects.filter(pk=job.pk, epoch=job.epoch, state=ExportState.RUNNING)
    return bool(rows.update(**values))


def _writer(job: ExportJob) -> Callable[[BinaryIO], None]:
    """Raises NotFound for what is not open to the person any more."""
    asked = job.source, job.query, job.user
    if job.form in LISTS:
        table = table_of(*asked)
        return lambda file: _write(file, job.form, _counted(job, table.rows))
    package = package_of(*asked)
    return lambda file: package.write(file, _told(job), job.pk)


def _told(job: ExportJob) -> Callable[[int], None]:
    """Notes how many parts are there, and renews the lease. Raises _Lost."""
    last = time.monotonic()

    def tell(parts: int) -> None:
        nonlocal last
        is_new, job.rows_done = parts != job.rows_done, parts
        if not is_new and time.monotonic() - last < TELL_EVERY_S:
            return
        last = time.monotonic()
        if not _settle(job, rows_done=parts, leased_until=timezone.now() + LEASE):
            raise _Lost

    return tell


def _counted(job: ExportJob, rows: Iterator[Sequence[str]]) -> Iterator[Sequence[str]]:
    """The rows, with the progress told now and then. Raises _Lost."""
    most = value_of("export_rows")
    yield next(rows)
    for number, row in enumerate(rows, 1):
        if number > most:
            return
        job.rows_done = number
        if number % PROGRESS_ROWS == 0 and not _settle(
            job, rows_done=number, leased_until=timezone.now() + LEASE
        ):
            raise _Lost
        yield row


def _write(file: BinaryIO, form: str, rows: Iterator[Sequence[str]]) -> None:
    if form == ExportForm.XLSX:
        write_xlsx_to(file, rows)
        return
    file.write(b"\xef\xbb\xbf")  # the mark that Chinese spreadsheets want
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
    text.detach()


def _note(action: str, job: ExportJob, actor: Actor, **facts: Any) -> None:
    audit.record(
        action,
        actor=actor,
        object_type="export",
        object_id=job.pk,
        title=job.title,
        kind=job.form,
        **facts,
    )


def _wake(job_id: UUID) -> None:
    from exports.tasks import make_export  # the task calls this module

    make_export.delay(str(job_id))
