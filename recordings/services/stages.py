"""RAW → PROBED → COMPOSED → SEALED → STORED. Each stage may run again from its beginning."""

import datetime as dt
import json
import logging
from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from common.clock import db_now, unix_ms
from common.errors import DomainError
from interviews.models import Call
from interviews.states import ParticipantRole
from media_worker import gateway
from media_worker.models import MediaWorker
from media_worker.selectors import worker_is_alive
from recordings.compose.spec import Label, Spec
from recordings.errors import LeaseLost, StepFailed
from recordings.folder import FolderUnreadable, read_folder
from recordings.models import Recording, RecordingTrack, StoredObject
from recordings.states import FINAL, ObjectKind, Stage
from recordings.storage import ChecksumMismatch, new_key, sha256_of, store

from . import jobs, work
from .jobs import Claim

logger = logging.getLogger(__name__)

# A worker without heartbeat for that long will write nothing more into the folder.
WORKER_LEASE = dt.timedelta(seconds=10)
PROBE_LIMIT_S = 300.0


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
    except (StepFailed, ChecksumMismatch, FolderUnreadable, OSError) as error:
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
        jobs.advance(held, Stage.EMPTY)
        return
    lines = list(work.run_python("recordings.probe", str(folder_path), limit_s=PROBE_LIMIT_S))
    with transaction.atomic():
        for part in lines:
            RecordingTrack.objects.update_or_create(
                recording=recording, file=part.pop("file"), defaults=part
            )
        jobs.advance(held, Stage.PROBED)


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
    call = recording.call
    spec = spec_of(call)
    out = work.out_folder(call.pk)
    arriving = out / f"e{held.epoch}.tmp"
    target = out / f"e{held.epoch}.mp4"
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
        raise StepFailed("the composer said nothing")
    jobs.renew(held)
    work.put_in_place(arriving, target)
    work.remove_leftovers(out, keep=target)
    jobs.advance(
        held,
        Stage.COMPOSED,
        file=f"{work.OUT}/{target.name}",
        bytes=target.stat().st_size,
        sha256=sha256_of(target),
        duration_ms=result["duration_ms"],
        width=result["width"],
        height=result["height"],
        damaged=result["damaged"],
        gaps=result["gaps"],
        progress=1.0,
    )


def spec_of(call: Call) -> Spec:
    """Names, roles and marks as they shall be burnt in (SDK-6)."""
    labels = {}
    for place in call.participants.select_related("party"):
        if place.role == ParticipantRole.SEAT:
            user = call.seat.user
            labels[str(place.pk)] = Label(f"{user.name} {user.staff_no}", "坐席")  # data
        elif place.party is not None:
            labels[str(place.pk)] = Label(place.party.name, "、".join(place.party.role_labels))
    for at in call.events.filter(kind="position", participant__isnull=False).order_by("at_ms"):
        place_id = str(at.participant_id)
        if place_id in labels and "latitude" in at.payload and "longitude" in at.payload:
            gps = f"{float(at.payload['latitude']):.6f}, {float(at.payload['longitude']):.6f}"
            labels[place_id] = Label(labels[place_id].name, labels[place_id].role, gps)
    ended = call.ended_at or timezone.now()
    return Spec(
        end_ms=max(0, unix_ms(ended) - unix_ms(call.clock_started_at)),
        watermark=f"{settings.BANK_NAME} {call.task.product_name}",
        labels=labels,
    )


# --- COMPOSED → SEALED ----------------------------------------------------------------------


def seal(held: Claim, recording: Recording) -> None:
    """The manifest: size and SHA-256 of every file, so that none can be changed unnoticed (STO-4)."""
    call = recording.call
    folder = read_folder(work.call_folder(call.pk))
    beat = work.every(jobs.RENEW_EVERY_S, lambda: jobs.renew(held))
    manifest = {
        "format": 1,
        "recording": str(recording.pk),
        "call": str(call.pk),
        "task": str(call.task_id),
        "contract_no": call.task.contract_no,
        "t0_unix_ms": folder.t0_unix_ms,
        "duration_ms": recording.duration_ms,
        "torn_journal_lines": folder.torn_lines,
        "damaged": recording.damaged,
        # A mark made while the worker was away is in the database only: it is sealed here.
        "timeline": [
            {"id": str(e.pk), "kind": e.kind, "at_ms": e.at_ms, "seq": e.journal_seq}
            for e in call.events.order_by("at_ms", "pk")
        ],
        "files": [
            {
                "name": file.relative_to(folder.path).as_posix(),
                "bytes": file.stat().st_size,
                "sha256": sha256_of(file, beat),
            }
            for file in [*folder.raw_files(), folder.path / recording.file]
        ],
    }
    out = work.out_folder(call.pk)
    arriving = out / f"manifest.e{held.epoch}.tmp"
    target = out / f"manifest.e{held.epoch}.json"
    text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
    arriving.write_text(text, encoding="utf-8")
    jobs.renew(held)
    work.put_in_place(arriving, target)
    jobs.advance(held, Stage.SEALED, manifest=f"{work.OUT}/{target.name}")


# --- SEALED → STORED ------------------------------------------------------------------------


def store_files(held: Claim, recording: Recording) -> None:
    """Everything the manifest names, and the manifest. Done when the store confirmed each."""
    root = work.call_folder(recording.call_id)
    manifest = root / recording.manifest
    files = json.loads(manifest.read_text(encoding="utf-8"))["files"]
    files.append(
        {
            "name": recording.manifest,
            "bytes": manifest.stat().st_size,
            "sha256": sha256_of(manifest),
        }
    )
    beat = work.every(jobs.RENEW_EVERY_S, lambda: jobs.renew(held))
    key = ""
    for file in files:
        stored = _store_one(held, recording, file, beat)
        if file["name"] == recording.file:
            key = stored.key
    jobs.advance(held, Stage.STORED, storage_key=key, stored_at=db_now())


def _store_one(
    held: Claim, recording: Recording, file: work.Line, beat: Callable[[], None]
) -> StoredObject:
    row, _ = StoredObject.objects.get_or_create(
        recording=recording,
        name=file["name"],
        defaults={
            "key": new_key(),
            "kind": _kind_of(recording, file["name"]),
            "bytes": file["bytes"],
            "sha256": file["sha256"],
        },
    )
    if row.confirmed_at is not None and row.sha256 == file["sha256"]:
        return row
    source = work.call_folder(recording.call_id) / file["name"]
    store().put(source, row.key, size=file["bytes"], sha256=file["sha256"], beat=beat)
    jobs.renew(held)
    row.bytes, row.sha256, row.confirmed_at = file["bytes"], file["sha256"], db_now()
    row.save(update_fields=["bytes", "sha256", "confirmed_at"])
    return row


def _kind_of(recording: Recording, name: str) -> ObjectKind:
    if name == recording.file:
        return ObjectKind.COMPOSED
    if name == recording.manifest:
        return ObjectKind.MANIFEST
    if name.startswith("snapshots/"):
        return ObjectKind.SNAPSHOT
    return ObjectKind.TRACK if name.startswith("tracks/") else ObjectKind.JOURNAL


_STEPS: dict[Stage, Callable[[Claim, Recording], None]] = {
    Stage.RAW: probe,
    Stage.PROBED: compose,
    Stage.COMPOSED: seal,
    Stage.SEALED: store_files,
}
