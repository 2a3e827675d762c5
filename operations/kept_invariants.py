"""What must hold of recordings, files, logs and jobs; numbered as in the list of faults.

Read from rows, from the spool's journals and from the logs of this machine: nothing here asks a
network but I9, which asks the store whether the newest files are there.
"""

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from django.conf import settings

from common.clock import db_now
from interviews.models import Call, Participant, TimelineEvent
from interviews.states import AWAITED, RUNNING
from outbox.models import MessageState, OutboxMessage
from queueing.models import Offer
from queueing.states import OfferState
from recordings.folder import JOURNAL, journal_lines
from recordings.models import UNFINISHED, EarlyPart, Recording, RecordingTrack, StoredObject
from recordings.outputs import Outputs
from recordings.states import ObjectKind, Stage
from recordings.storage import sha256_of, store

Found = Iterator[str]
HOLE_MS = 1000  # a shorter one is no gap (M7)
NEWEST_OBJECTS = 500
OVERDUE = dt.timedelta(seconds=60)
# A mainland mobile number, an identity number: neither may stand in a log.
PERSONAL = re.compile(r"(?<![\d.-])(1[3-9]\d{9}|\d{17}[\dXx])(?![\d.-])")
BROKEN_ANSWER = "Internal Server Error"


def closed_parts_are_kept() -> Found:
    """I3: what the journal says is closed is on the disk or in the store, byte for byte."""
    for journal in sorted(Path(settings.SPOOL_DIR).glob(f"*/{JOURNAL}")):
        folder = journal.parent
        for line in journal_lines(journal):
            if line is None or line["kind"] != "track.ended" or not line.get("sha256"):
                continue
            name, sha256 = line["file"], line["sha256"]
            here = folder / name
            if here.is_file() and sha256_of(here) == sha256:
                continue
            stored = StoredObject.objects.filter(recording__call_id=folder.name)
            early = EarlyPart.objects.filter(call_id=folder.name)
            if not any(
                rows.filter(name=name, sha256=sha256).exclude(confirmed_at=None).exists()
                for rows in (stored, early)
            ):
                yield f"call {folder.name}: {name} is neither on the disk nor in the store"


def finished_recordings_are_whole() -> Found:
    """I4: what is stored has its manifest and every track it names, confirmed."""
    finished = Recording.objects.filter(stage=Stage.STORED)
    for recording in finished.prefetch_related("tracks", "objects_stored"):
        kept = {o.name: o for o in recording.objects_stored.all() if o.confirmed_at}
        if not any(o.kind == ObjectKind.MANIFEST for o in kept.values()):
            yield f"recording {recording.pk}: stored without a manifest"
        outputs = Outputs.of(recording.outputs)
        for track in recording.tracks.all():
            found = kept.get(track.file)
            if outputs.keeps(track.file) and (found is None or found.sha256 != track.sha256):
                yield f"recording {recording.pk}: {track.file} is not in the store as probed"


def holes_are_declared() -> Found:
    """I5: between a person's first and last packet every second is recorded or on the timeline."""
    for recording in Recording.objects.exclude(stage__in=[Stage.RAW, Stage.EMPTY, Stage.DELETED]):
        people = Participant.objects.filter(call=recording.call_id, user=None)
        told = list(
            TimelineEvent.objects.filter(
                call=recording.call_id, kind__in=["gap", "participant.left", "recording.by_hand"]
            ).order_by("at_ms")
        )
        for pk in people.values_list("pk", flat=True):
            tracks = recording.tracks.filter(participant_id=str(pk))
            for start, end in _holes(tracks.values_list("start_ms", "end_ms")):
                declared = any(
                    event.at_ms <= end
                    and (event.until_ms is None or event.until_ms >= start)
                    and event.participant_id in (None, pk)
                    for event in told
                )
                if not declared:
                    yield f"recording {recording.pk}: {pk} has a hole {start}-{end} ms"


def _holes(spans: object) -> Iterator[tuple[int, int]]:
    """Longer than HOLE_MS, between the spans of all tracks of one person."""
    reached: int | None = None
    for start, end in sorted(spans):  # type: ignore[call-overload]
        if reached is not None and start - reached > HOLE_MS:
            yield reached, start
        reached = end if reached is None else max(reached, end)


def nothing_is_orphaned() -> Found:
    """I9: no folder without its call, no confirmed row without its file, no track without one."""
    for folder in sorted(Path(settings.SPOOL_DIR).glob("*/")):
        try:
            call_id = UUID(folder.name)
        except ValueError:
            continue  # probes, test recordings, the items' cache
        if not Call.objects.filter(pk=call_id).exists():
            yield f"spool {folder.name}: no such call"
    newest = StoredObject.objects.exclude(confirmed_at=None).exclude(recording__stage=Stage.DELETED)
    for row in newest.order_by("-pk")[:NEWEST_OBJECTS]:
        if not store(row.tier).exists(row.key):
            yield f"object {row.key}: not in the store"
    here = RecordingTrack.objects.filter(recording__stage=Stage.PROBED)
    for track in here.select_related("recording"):
        if not (Path(settings.SPOOL_DIR) / str(track.recording.call_id) / track.file).is_file():
            yield f"recording {track.recording_id}: {track.file} is gone before it was stored"


def _log_lines() -> Iterator[tuple[str, int, str]]:
    for log in sorted((settings.RUN_DIR / "logs").glob("*.log")):
        with log.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, start=1):
                yield log.name, number, line


def logs_name_nobody() -> Found:
    """I10: no mobile or identity number in a log of this machine."""
    for name, number, line in _log_lines():
        if PERSONAL.search(line):
            yield f"{name}:{number}"


def nobody_was_shown_a_fault() -> Found:
    """I11: no answer that was our own fault (500); an outage answers 503 and is no fault."""
    for name, number, line in _log_lines():
        if BROKEN_ANSWER in line:
            yield f"{name}:{number}"


def nothing_is_overdue() -> Found:
    """I12: every job has ended or is due within a minute; every deadline was kept."""
    late = db_now() - OVERDUE
    for pk in Offer.objects.filter(state=OfferState.RINGING, deadline_at__lt=late).values_list(
        "pk", flat=True
    ):
        yield f"offer {pk}: still rings"
    awaited = Participant.objects.filter(
        state__in=AWAITED, reconnect_until__lt=late, call__state__in=RUNNING
    )
    for pk in awaited.values_list("pk", flat=True):
        yield f"participant {pk}: still waited for"
    deserted = Call.objects.filter(state__in=RUNNING, deserted_until__lt=late)
    for call_id in deserted.values_list("pk", flat=True):
        yield f"call {call_id}: without a customer, and not ended"
    messages = OutboxMessage.objects.filter(state=MessageState.PENDING, due_at__lt=late)
    for number in messages.values_list("pk", flat=True):
        yield f"message {number}: overdue"
    recordings = Recording.objects.filter(UNFINISHED, due_at__lt=late)
    for pk in recordings.exclude(leased_until__gt=late).values_list("pk", flat=True):
        yield f"recording {pk}: overdue"
    parts = EarlyPart.objects.filter(confirmed_at=None, due_at__lt=late)
    for name in parts.exclude(leased_until__gt=late).values_list("name", flat=True):
        yield f"part {name}: overdue"
