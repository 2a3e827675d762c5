"""The manifest of a recording: what was recorded, what was made of it, by which software (STO-4)."""

import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
from django.conf import settings

from audit.selectors import head_of
from audit.services import interview_chain
from common.clock import unix_ms
from evidence.offline.verify_evidence import MANIFEST, roots_of, sha256_hex
from evidence.services import signed
from interviews.models import Call
from recordings.folder import RESCUE, RESCUE_SOURCE, CallFolder, read_folder
from recordings.models import Recording
from recordings.outputs import Outputs
from recordings.states import ObjectKind
from recordings.storage import sha256_of

from . import work

Beat = Callable[[], None]


def kind_of(recording: Recording, name: str) -> ObjectKind:
    if name == recording.file:
        return ObjectKind.COMPOSED
    if name == recording.manifest:
        return ObjectKind.MANIFEST
    if name.startswith("snapshots/"):
        return ObjectKind.SNAPSHOT
    if name.startswith(f"{RESCUE}/"):
        return ObjectKind.RESCUE
    return ObjectKind.TRACK if name.startswith("tracks/") else ObjectKind.JOURNAL


def signed_manifest(recording: Recording, beat: Beat) -> bytes:
    """The manifest with its signature, as the bytes to keep. Raises SealingFailed, OSError.

    `files` are the leaves of the tree in their order; `raw_root` is over those that were recorded,
    `derived` binds what was composed to them; what is recorded but not kept (WB-6) is
    marked so and counts in both. Whole numbers and strings only.
    """
    call = recording.call
    folder = read_folder(work.call_folder(call.pk))
    files = [_record(recording, folder, file, beat) for file in _files(recording, folder)]
    root, raw_root = roots_of(files)
    chain = interview_chain(call.task_id)
    seq, digest = head_of(chain)
    return signed(
        {
            "format": MANIFEST,
            "recording": str(recording.pk),
            "epoch": recording.epoch,
            "call": _call(call, folder),
            "contract_no": call.task.contract_no,
            "task": {"id": str(call.task_id), "generation": call.task.generation},
            "participants": _participants(call),
            "duration_ms": recording.duration_ms,
            "files": files,
            "root": root,
            "raw_root": raw_root,
            "derived": [
                {
                    "name": file["name"],
                    "sha256": file["sha256"],
                    "from_raw_root": raw_root,
                    "spec_sha256": _spec_digest(call),
                }
                for file in files
                if file["kind"] == ObjectKind.COMPOSED
            ],
            "outputs": recording.outputs,
            "starts_at_ms": recording.starts_at_ms,
            "uncomposed": recording.uncomposed,
            "torn_journal_lines": folder.torn_lines,
            "damaged": _whole(recording.damaged),
            "gaps": _whole(recording.gaps),
            # A mark made while the worker was away is in the database only: it is sealed here.
            "timeline": [
                {"id": str(e.pk), "kind": e.kind, "at_ms": e.at_ms, "seq": e.journal_seq}
                for e in call.events.order_by("at_ms", "pk")
            ],
            "audit": {"chain": chain, "seq": seq, "hash": digest},
            "software": _software(),
        }
    )


def _files(recording: Recording, folder: CallFolder) -> list[Path]:
    composed = [folder.path / recording.file] if recording.file else []
    return [*folder.raw_files(), *composed]


def _record(recording: Recording, folder: CallFolder, file: Path, beat: Beat) -> dict[str, Any]:
    name = file.relative_to(folder.path).as_posix()
    record: dict[str, Any] = {
        "name": name,
        "kind": str(kind_of(recording, name)),
        "bytes": file.stat().st_size,
        "sha256": sha256_of(file, beat),
    }
    if record["kind"] == ObjectKind.RESCUE:
        record["source"] = RESCUE_SOURCE  # recorded by the customer's device, not by us
    if not Outputs.of(recording.outputs).keeps(name):
        record["kept"] = False
    return record


def _call(call: Call, folder: CallFolder) -> dict[str, Any]:
    return {
        "id": str(call.pk),
        "number": call.number,
        "seat": call.seat.user.staff_no,
        "t0_unix_ms": folder.t0_unix_ms,
        "ended_unix_ms": unix_ms(call.ended_at) if call.ended_at else None,
        "end_reason": call.end_reason,
        "media_worker": call.media_worker,
    }


def _participants(call: Call) -> list[dict[str, Any]]:
    """Who was there and what they had agreed to. Names are in the journal, not here."""
    found = []
    for place in call.participants.select_related("party", "user").order_by("pk"):
        consents = place.party.consents.order_by("agreed_at") if place.party else ()
        found.append(
            {
                "id": str(place.pk),
                "role": place.role,
                "party": str(place.party_id) if place.party_id else None,
                **(
                    {"staff_no": place.user.staff_no, "silent": place.silent, "told": place.told}
                    if place.user
                    else {}
                ),
                "consents": [
                    {"text_version": one.text_version, "agreed_unix_ms": unix_ms(one.agreed_at)}
                    for one in consents
                ],
            }
        )
    return found


def _spec_digest(call: Call) -> str:
    path = work.out_folder(call.pk) / "spec.json"
    return sha256_hex(path.read_bytes()) if path.is_file() else ""


def _software() -> dict[str, str]:
    libraries = {name: ".".join(map(str, v)) for name, v in sorted(av.library_versions.items())}
    return {"release": settings.RELEASE, "python": platform.python_version(), **libraries}


def _whole(value: Any) -> Any:
    """Numbers with fractions have no canonical text; milliseconds are whole anyway."""
    if isinstance(value, dict):
        return {name: _whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    return round(value) if isinstance(value, float) else value
