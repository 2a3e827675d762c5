"""RAW → PROBED → COMPOSED → SEALED → STORED. Each stage may run again from its beginning."""

import datetime as dt
import json
import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Min
from django.utils import timezone

from common.clock import db_now, unix_ms
from common.errors import DomainError
from common.faultpoint import faultpoint
from evidence.errors import SealingFailed
from evidence.services import note_seal
from interviews.models import Call
from interviews.states import ParticipantRole
from media_worker import gateway
from media_worker.models import MediaWorker
from media_worker.selectors import worker_is_alive
from recordings.compose.spec import Label, Spec
from recordings.errors import LeaseLost, NotDueYet, StepFailed, WorkFailed
from recordings.folder import CallFolder, FolderUnreadable, Part, read_folder
from recordings.models import Recording, RecordingTrack, StoredObject
from recordings.outputs import Outputs
from recordings.policy import UploadWhen, outputs_of, upload_when
from recordings.states import FINAL, Stage, Tier
from recordings.storage import ChecksumMismatch, sha256_of, store

from . import early, jobs, keeping, work
from .jobs import Claim
from .rebuild import restore
from .rescue import note_taken
from .sealing import kind_of, signed_manifest

logger = logging.getLogger(__name__)

# A worker without heartbeat for that long will write nothing more into the folder.
WORKER_LEASE = dt.timedelta(seconds=10)
PROBE_LIMIT_S = 300.0
# After so many failures over the same files the stage goes on without what cannot be had.
TRIES = 3
EDGE_MS = 2000
BY_HAND_EVERY = dt.timedelta(minutes=10)
BY_HAND_AT_MOST = dt.timedelta(hours=24)
# How often the pages that wait are told how much of a file has arrived.
TELL_EVERY_S = 1.0


def process(recording_id: UUID) -> Stage | None:
    """Bring a recording as far as it will go. None when somebody else has it or it is not due.

    Raises nothing for what another try may mend: that is noted and the job put off.
    """
    held = jobs.claim(recording_id)
    if held is None:
        return None
    try:
        stage = _run(held)
    except LeaseLost:
        logger.warning("recording %s: lease lost at epoch %s", recording_id, held.epoch)
        return None
    except NotDueYet as later:
        jobs.wait(held, later.until)
        return None
    except (StepFailed, SealingFailed, ChecksumMismatch, FolderUnreadable, OSError) as error:
        jobs.put_off(held, f"{type(error).__name__}: {error}")
        logger.warning("recording %s put off: %s", recording_id, type(error).__name__)
        return None
    jobs.release(held)
    return stage


def _run(held: Claim) -> Stage:
    while True:
        recording = Recording.objects.select_related("call__task", "call__seat__user").get(
            pk=held.recording_id
        )
        stage = Stage(recording.stage)
        if recording.rebuild_asked_at is not None:
            restore(held, recording)
            continue
        if stage in FINAL:
            return stage
        jobs.renew(held)
        _STEPS[stage](held, recording)


# --- RAW → PROBED ---------------------------------------------------------------------------


def probe(held: Claim, recording: Recording) -> None:
    """Have the worker close the folder, then look into every file."""
    call = recording.call
    _close_at_worker(call)
    folder_path = work.call_folder(call.pk)
    if not folder_path.exists():
        # Nobody was ever connected: there is nothing to lose and nothing to wait for.
        if call.live_at is None:
            jobs.advance(held, Stage.EMPTY)
            return
        raise StepFailed("the call's folder is missing")
    folder = read_folder(folder_path)
    if not folder.parts:
        jobs.advance(held, Stage.EMPTY, uncomposed="no files" if call.live_at else "")
        return
    if _is_poison(recording):
        lines = [_unprobed(folder, part) for part in folder.parts]
    else:
        lines = list(work.run_python("recordings.probe", str(folder_path), limit_s=PROBE_LIMIT_S))
    faultpoint("tracks.probed")
    with transaction.atomic():
        for part in lines:
            RecordingTrack.objects.update_or_create(
                recording=recording, file=part.pop("file"), defaults=part
            )
        jobs.advance(held, Stage.PROBED)


def _unprobed(folder: CallFolder, part: Part) -> work.Line:
    """What the journal says of a file that nobody could look into."""
    path = folder.path / part.file
    there = path.is_file()
    return {
        "participant_id": part.participant_id,
        "leg_no": part.leg_no,
        "kind": part.kind,
        "file": part.file,
        "codec": part.codec,
        "start_ms": round(part.start_ms),
        "end_ms": folder.end_ms if part.end_ms is None else part.end_ms,
        "bytes": path.stat().st_size if there else 0,
        "sha256": sha256_of(path) if there else "",
        "damage": "not probed" if there else "missing",
    }


def _close_at_worker(call: Call) -> None:
    """Raises StepFailed while the worker lives but cannot do it; a dead one is not waited for."""
    worker = MediaWorker.objects.filter(worker_id=call.media_worker).first()
    if worker is None:
        return
    try:
        gateway.close_call(worker.control_url, str(call.pk), reason=call.end_reason or "ended")
    except gateway.CallNotOpen:
        return  # restarted since: the folder is as whole as it will ever be
    except DomainError as away:
        if worker_is_alive(call.media_worker, WORKER_LEASE):
            raise StepFailed(f"media worker: {away.code}") from away


# --- PROBED → COMPOSED ----------------------------------------------------------------------


def compose(held: Claim, recording: Recording) -> None:
    """The copy that is looked at. Files our process dies over cost the copy, not the recording."""
    call = recording.call
    note_taken(call.pk, db_now())
    outputs = outputs_of(call.task)
    spec = spec_of(recording, outputs)
    out = work.out_folder(call.pk)
    if not outputs.composed_suffix:
        _go_on_without(held, recording, outputs, "")
        return
    if _is_poison(recording):
        _go_on_without(held, recording, outputs, recording.error)
        return
    arriving = out / f"e{held.epoch}.tmp"
    target = out / f"e{held.epoch}{outputs.composed_suffix}"
    spec_file = out / "spec.json"
    spec_file.write_text(spec.to_json(), encoding="utf-8")
    seconds = (spec.end_ms or 0) / 1000
    arguments = [str(work.call_folder(call.pk)), str(arriving), "--spec", str(spec_file)]
    result: work.Line | None = None
    for line in work.run_python("recordings.compose", *arguments, limit_s=300 + 3 * seconds):
        if "progress" in line:
            jobs.renew(held, progress=line["progress"])
        result = line.get("result", result)
    if result is None:
        raise WorkFailed("the composer said nothing")
    jobs.renew(held)
    work.put_in_place(arriving, target)
    faultpoint("copy.placed")
    work.remove_leftovers(out, keep=target)
    jobs.advance(
        held,
        Stage.COMPOSED,
        file=f"{work.OUT}/{target.name}",
        bytes=target.stat().st_size,
        sha256=sha256_of(target),
        duration_ms=result["duration_ms"],
        starts_at_ms=spec.start_ms,
        width=result["width"] if spec.video else 0,
        height=result["height"] if spec.video else 0,
        damaged=result["damaged"],
        gaps=result["gaps"],
        outputs=(outputs.without_copy() if result["damaged"] else outputs).as_json(),
        uncomposed="",
        progress=1.0,
    )


def _is_poison(recording: Recording) -> bool:
    """Our process failed over these files time and again; another try would be the same."""
    return recording.attempts >= TRIES and recording.error.startswith(WorkFailed.__name__)


def _go_on_without(held: Claim, recording: Recording, outputs: Outputs, why: str) -> None:
    """No composed copy: the raw tracks of what is wanted are sealed, stored and played."""
    out = work.out_folder(recording.call_id)
    for left in (*out.glob("*.mp4"), *out.glob("*.m4a"), *out.glob("e*.tmp")):
        left.unlink(missing_ok=True)
    spec = spec_of(recording, outputs)
    damaged = [
        {"file": track.file, "what": track.damage}
        for track in recording.tracks.exclude(damage="").order_by("file")
    ]
    jobs.advance(
        held,
        Stage.COMPOSED,
        file="",
        bytes=0,
        sha256="",
        duration_ms=max(0, (spec.end_ms or 0) - spec.start_ms),
        starts_at_ms=spec.start_ms,
        width=0,
        height=0,
        damaged=damaged,
        gaps=[],
        outputs=outputs.without_copy().as_json(),
        uncomposed=why[:120],
        progress=1.0,
    )


def spec_of(recording: Recording, outputs: Outputs) -> Spec:
    """Names, roles and marks as they shall be burnt in (SDK-6), and what is copied."""
    call = recording.call
    labels = {}
    for place in call.participants.select_related("party", "user"):
        if place.party is not None:
            labels[str(place.pk)] = Label(place.party.name, "、".join(place.party.role_labels))
        else:
            user = place.user or call.seat.user
            role = str(ParticipantRole(place.role).label)
            labels[str(place.pk)] = Label(f"{user.name} {user.staff_no}", role)
    positions: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for at in call.events.filter(kind="position", participant__isnull=False).order_by("at_ms"):
        if "latitude" in at.payload and "longitude" in at.payload:
            words = f"{float(at.payload['latitude']):.6f}, {float(at.payload['longitude']):.6f}"
            positions[str(at.participant_id)].append((at.at_ms, words))
    labels = {who: replace(label, positions=positions[who]) for who, label in labels.items()}
    ended = call.ended_at or timezone.now()
    heard = recording.tracks.aggregate(first=Min("start_ms"), last=Max("end_ms"))
    start_ms, end_ms = copied_span(
        max(0, unix_ms(ended) - unix_ms(call.clock_started_at)), heard["first"], heard["last"]
    )
    return Spec(
        start_ms=start_ms,
        end_ms=end_ms,
        video=outputs.video,
        audio=outputs.audio,
        watermark=f"{settings.BANK_NAME} {call.task.product_name}",
        labels=labels,
    )


def copied_span(ended_ms: int, first_ms: int | None, last_ms: int | None) -> tuple[int, int]:
    """(start, end) of the copy on the call's clock: an empty room is not copied, raw files keep all.

    `first_ms`, `last_ms`: where anything was recorded. At the start 2 s of empty room stay; at the
    end 2 s, and never more than 2 s after the call's end.
    """
    if first_ms is None or last_ms is None:
        return 0, ended_ms
    start = max(0, first_ms - EDGE_MS)
    end = min(max(last_ms, min(ended_ms, last_ms + EDGE_MS)), ended_ms + EDGE_MS)
    return (start, end) if end > start else (0, ended_ms)


# --- COMPOSED → SEALED ----------------------------------------------------------------------


def seal(held: Claim, recording: Recording) -> None:
    """The signed manifest: none of the files can be changed unnoticed from now on (STO-4)."""
    beat = work.every(jobs.RENEW_EVERY_S, lambda: jobs.renew(held))
    manifest = signed_manifest(recording, beat)
    faultpoint("manifest.signed")
    out = work.out_folder(recording.call_id)
    arriving = out / f"manifest.e{held.epoch}.tmp"
    target = out / f"manifest.e{held.epoch}.json"
    arriving.write_bytes(manifest)
    jobs.renew(held)
    work.put_in_place(arriving, target)
    for left in out.glob("manifest.e*"):  # of epochs that died before they could say so
        if left != target:
            left.unlink(missing_ok=True)
    faultpoint("manifest.placed")
    with transaction.atomic():
        note_seal(recording.pk, manifest)
        faultpoint("manifest.noted")
        jobs.advance(held, Stage.SEALED, manifest=f"{work.OUT}/{target.name}")


# --- SEALED → STORED ------------------------------------------------------------------------


def store_files(held: Claim, recording: Recording) -> None:
    """Everything the manifest names, and the manifest. Done when the store confirmed each."""
    if _waits_for_seat(recording):
        raise NotDueYet(db_now() + BY_HAND_EVERY)
    root = work.call_folder(recording.call_id)
    manifest = root / recording.manifest
    named = json.loads(manifest.read_text(encoding="utf-8"))["files"]
    files = [file for file in named if file.get("kept", True)]
    files.append(
        {
            "name": recording.manifest,
            "bytes": manifest.stat().st_size,
            "sha256": sha256_of(manifest),
        }
    )
    beat = work.every(jobs.RENEW_EVERY_S, lambda: jobs.renew(held))
    keeping.promise_lock(recording.pk)
    key = ""
    rows = [_row_of(recording, file) for file in files]  # all first: progress needs the whole
    faultpoint("objects.listed")
    for row, file in zip(rows, files, strict=True):
        stored = _store_one(held, row, file, beat)
        keeping.tell_date(stored.pk)
        if file["name"] == recording.file:
            key = stored.key
    with transaction.atomic():
        jobs.take_turn()
        jobs.advance(held, Stage.STORED, storage_key=key, stored_at=db_now(), date_due=True)


def _waits_for_seat(recording: Recording) -> bool:
    """By hand: with the seat's opinion (提交意见并上传), and by itself when none comes in a day."""
    call = recording.call
    return (
        upload_when(call.task) is UploadWhen.BY_HAND
        and call.filed_at is None
        and recording.created_at > db_now() - BY_HAND_AT_MOST
    )


@transaction.atomic
def _row_of(recording: Recording, file: work.Line) -> StoredObject:
    row = StoredObject.objects.filter(recording=recording, name=file["name"]).first()
    if row is None:
        row = StoredObject.objects.create(
            recording=recording,
            name=file["name"],
            kind=kind_of(recording, file["name"]),
            bytes=file["bytes"],
            sha256=file["sha256"],
            **early.taken_over(recording.call_id, file),
        )
    return row


def _store_one(
    held: Claim, row: StoredObject, file: work.Line, beat: Callable[[], None]
) -> StoredObject:
    if row.confirmed_at is not None and row.sha256 == file["sha256"]:
        return row
    source = work.call_folder(row.recording.call_id) / file["name"]
    mine = StoredObject.objects.filter(pk=row.pk)
    store().put(
        source,
        row.key,
        size=file["bytes"],
        sha256=file["sha256"],
        beat=beat,
        sent=work.every(TELL_EVERY_S, lambda there: mine.update(sent_bytes=there)),
    )
    faultpoint("object.sent")
    jobs.renew(held)
    row.bytes, row.sha256, row.confirmed_at = file["bytes"], file["sha256"], db_now()
    # What was put now is a newer version, of which the store was told nothing.
    row.is_held, row.locked_until, row.lock_due = False, None, True
    # It may have been in the archive tier with other bytes.
    row.tier, row.first_copy_until = Tier.HOT, None
    row.save(
        update_fields=[
            *("bytes", "sha256", "confirmed_at", "is_held", "locked_until", "lock_due"),
            *("tier", "first_copy_until"),
        ]
    )
    faultpoint("object.confirmed")
    return row


_STEPS: dict[Stage, Callable[[Claim, Recording], None]] = {
    Stage.RAW: probe,
    Stage.PROBED: compose,
    Stage.COMPOSED: seal,
    Stage.SEALED: store_files,
}
