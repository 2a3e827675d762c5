"""Opening and downloading leave a trace (VID-1)."""

import datetime as dt

from django.db import transaction

from accounts.daily import require_left
from audit import services as audit
from audit.selectors import was_noted
from common.actor import Actor
from common.clock import db_now
from interviews.errors import ReasonRequired
from recordings.models import Recording, StoredObject

MAX_REASON_CHARS = 200
FETCHED_ONCE_IN = dt.timedelta(hours=1)


def note_opened(call_id: object, task_id: object, what: str, *, actor: Actor) -> None:
    """`what` names the file kind, never a customer."""
    audit.record(
        "recording.opened",
        actor=actor,
        object_type="call",
        object_id=call_id,
        chain=audit.interview_chain(task_id),
        what=what,
    )


def note_watched(
    call_id: object, task_id: object, spans: list[tuple[int, int]], *, actor: Actor
) -> None:
    """Which moments of the call were played to this person (ms of the call, joined)."""
    if not spans:
        return
    audit.record(
        "recording.watched",
        actor=actor,
        object_type="call",
        object_id=call_id,
        chain=audit.interview_chain(task_id),
        spans_s=[[begin // 1000, -(-end // 1000)] for begin, end in joined(spans)],
    )


def joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Overlapping and touching spans as one, in order."""
    found: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found


@transaction.atomic
def note_download(
    recording: Recording, file: str, *, sha256: str, saved_as: str, reason: str, actor: Actor
) -> None:
    """Raises ReasonRequired, DailyLimit. The reason is the person's own words about why, kept as such.

    `saved_as` carries the person's mark: a copy that turns up somewhere leads back to this entry.
    """
    text = reason.strip()[:MAX_REASON_CHARS]
    if not text:
        raise ReasonRequired
    require_download_left(actor)
    audit.record(
        "recording.downloaded",
        actor=actor,
        object_type="recording",
        object_id=recording.pk,
        chain=audit.interview_chain(recording.call.task_id),
        reason=text,
        file=file,
        mark=saved_as.rsplit("_", 2)[1:],
        sha256=sha256,
    )


def require_download_left(actor: Actor) -> None:
    """Raises DailyLimit. In the transaction that notes the download, or the package."""
    taken = ("recording.downloaded", "recording.evidence_exported")
    require_left("downloads_per_day", taken, actor=actor)


def note_fetched(stored: StoredObject, *, actor: Actor) -> None:
    """Another system took a file (STO-1), or any part of it: once an hour, as it comes in parts."""
    if was_noted(
        "recording.fetched",
        actor=actor,
        object_type="recording",
        object_id=stored.recording_id,
        since=db_now() - FETCHED_ONCE_IN,
        holding=stored.sha256,
    ):
        return
    audit.record(
        "recording.fetched",
        actor=actor,
        object_type="recording",
        object_id=stored.recording_id,
        chain=audit.interview_chain(stored.recording.call.task_id),
        kind=stored.kind,
        sha256=stored.sha256,
    )
