"""Is a recording what it was, and a package that shows it to somebody outside (STO-4)."""

import hashlib
import io
import json
import tempfile
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.db import transaction
from django.utils import timezone

from audit import services as audit
from audit.selectors import entries_of, head_of, was_noted
from common.actor import Actor
from common.errors import NotFound
from evidence import offline
from evidence import services as evidence_services
from evidence.models import Anchor
from evidence.offline import verify_evidence as verifier
from evidence.offline.verify_evidence import Fault
from evidence.selectors import key_records, leaves_of, proof_of, seal_of
from interviews.errors import ReasonRequired
from recordings.errors import FilesMissing, NotSealed
from recordings.models import Recording, StoredObject
from recordings.selectors import open_stored
from recordings.states import Stage
from recordings.storage import Beat, new_key, store, untold

from .viewing import MAX_REASON_CHARS, require_download_left

Tell = Callable[[int], None]
OFFLINE = Path(offline.__file__).parent
_STILL = (1980, 1, 1, 0, 0, 0)  # a package's dates are in its signed documents, not in the zip


# --- checking -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found out about one recording. `unreadable`: the store did not answer."""

    recording_id: uuid.UUID
    call_id: uuid.UUID
    faults: list[Fault]
    unreadable: str = ""
    files: int = 0
    anchored: bool = False

    @property
    def ok(self) -> bool:
        return not self.faults and not self.unreadable

    def as_json(self) -> dict[str, Any]:
        return {
            "recording": str(self.recording_id),
            "call": str(self.call_id),
            "ok": self.ok,
            "files": self.files,
            "anchored": self.anchored,
            "unreadable": self.unreadable,
            "faults": [{"code": f.code, "where": f.where, "detail": f.detail} for f in self.faults],
        }


class _Check:
    """All checks of one recording; each goes on after another failed."""

    def __init__(self, recording: Recording, tell: Tell) -> None:
        self._recording, self._tell = recording, tell
        self._stored = {row.name: row for row in recording.objects_stored.all()}
        self.faults: list[Fault] = []
        self.files = 0
        self.anchored = False

    def run(self) -> None:
        raw = self._try(self._read_manifest)
        manifest = self._try(lambda: self._manifest(raw)) if raw is not None else None
        if manifest is None:
            return
        self._try(lambda: verifier.check_roots(manifest))
        for record in verifier.kept_files(manifest):
            self._try(partial(self._file, record))
        self._try(lambda: verifier.check_journal(manifest, self._read(verifier.JOURNAL)))
        self._try(lambda: self._audit(manifest))
        self._try(lambda: self._anchor(raw))
        self._try(lambda: self._row(manifest))

    def _try(self, check: Any) -> Any:
        try:
            return check()
        except Fault as fault:
            self.faults.append(fault)
            return None

    def _open(self, name: str) -> BinaryIO:
        row = self._stored.get(name)
        try:
            if row is None or row.confirmed_at is None:
                raise NotFound
            return open_stored(row).file
        except NotFound as missing:
            raise Fault("member_missing", name) from missing

    def _read(self, name: str) -> bytes:
        with self._open(name) as stream:
            return stream.read()

    def _read_manifest(self) -> bytes:
        if not self._recording.manifest:
            raise Fault("not_sealed", "manifest")
        return self._read(self._recording.manifest)

    def _manifest(self, raw: bytes) -> dict[str, Any]:
        manifest = verifier.read_document(raw, verifier.MANIFEST, "manifest")
        keys = verifier.Keyring(key_records())
        keys.check(manifest, "manifest")
        if seal_of(self._recording.pk, verifier.sha256_hex(raw)) is None:
            raise Fault("seal_missing", "manifest")
        return manifest

    def _file(self, record: dict[str, Any]) -> None:
        self.files += 1
        with self._open(record["name"]) as stream:
            verifier.check_file(record, stream, record["name"])
        self._tell(self.files)

    def _audit(self, manifest: dict[str, Any]) -> None:
        chain = manifest["audit"]["chain"]
        seq, digest = head_of(chain)
        head = {"seq": seq, "hash": digest}
        verifier.check_audit(entries_of(chain), chain, manifest["audit"], head)

    def _anchor(self, raw: bytes) -> None:
        seal = seal_of(self._recording.pk, verifier.sha256_hex(raw))
        proof = proof_of(seal) if seal is not None else None
        if proof is None:
            return
        document = proof["anchor"]
        verifier.Keyring(key_records()).check(document, "anchor")
        path = [bytes.fromhex(step) for step in proof["path"]]
        leaf = hashlib.sha256(raw).digest()
        root = verifier.root_by_path(leaf, proof["leaf_index"], document["count"], path)
        if root.hex() != document["root"]:
            raise Fault("anchor_wrong", "anchor")
        self.anchored = True

    def _row(self, manifest: dict[str, Any]) -> None:
        """What pages and partners are told is what was sealed."""
        told = {(self._recording.file, self._recording.sha256)} - {("", "")}
        sealed = {(one["name"], one["sha256"]) for one in manifest["derived"]}
        if told != sealed or manifest["recording"] != str(self._recording.pk):
            raise Fault("row_disagrees", "recording")


def check_recording(recording: Recording, tell: Tell = untold) -> Verdict:
    """Everything about it, from the store's bytes to the day's anchor. Raises nothing of its own.

    `tell` hears how many files were looked at.
    """
    check = _Check(recording, tell)
    unreadable = ""
    try:
        check.run()
    except OSError as away:
        unreadable = type(away).__name__
    return Verdict(
        recording.pk, recording.call_id, check.faults, unreadable, check.files, check.anchored
    )


def note_verified(recording: Recording, ok: bool, *, actor: Actor) -> None:
    audit.record(
        "recording.verified",
        actor=actor,
        object_type="recording",
        object_id=recording.pk,
        chain=audit.interview_chain(recording.call.task_id),
        ok=ok,
    )


def check_anchors() -> list[Fault]:
    """Each anchor is signed, follows the one before, and is the tree of its seals."""
    faults = []
    before = ""
    keys = verifier.Keyring(key_records()) if Anchor.objects.exists() else None
    for number, anchor in enumerate(Anchor.objects.order_by("number"), 1):
        where = f"anchor {anchor.number} {anchor.day}"
        try:
            raw = anchor.document.encode()
            document = verifier.read_document(raw, verifier.ANCHOR, where)
            assert keys is not None  # noqa: S101 - there are anchors
            keys.check(document, where)
            leaves = leaves_of(anchor)
            root = verifier.merkle_root(leaves).hex()
            if document["root"] != root or document["count"] != len(leaves):
                raise Fault("anchor_wrong", where)
            if document["number"] != number or document["prev"] != before:
                raise Fault("anchor_missing", where)
        except Fault as fault:
            faults.append(fault)
        before = verifier.sha256_hex(anchor.document.encode())
    return faults


def anchor_days() -> list[Anchor]:
    """Anchor the days that are over, and put what is not in the store yet there (write-once)."""
    made = evidence_services.anchor_days()
    for anchor in Anchor.objects.filter(storage_key="").order_by("number"):
        body = anchor.document.encode()
        key = new_key()
        with tempfile.NamedTemporaryFile() as file:
            file.write(body)
            file.flush()
            digest = verifier.sha256_hex(body)
            store().put(Path(file.name), key, size=len(body), sha256=digest, beat=lambda: None)
        Anchor.objects.filter(pk=anchor.pk, storage_key="").update(storage_key=key)
    return made


# --- a package ------------------------------------------------------------------------------


def export_evidence(recording: Recording, *, reason: str, actor: Actor) -> BinaryIO:
    """The package of `write_evidence` as a file that is at its beginning, and gone when closed."""
    package: BinaryIO = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - the answer's
    try:
        write_evidence(package, recording, uuid.uuid4(), reason=reason, actor=actor)
    except BaseException:
        package.close()
        raise
    package.seek(0)
    return package


def require_exportable(recording: Recording, reason: str) -> str:
    """The reason as it is kept. Raises ReasonRequired, NotSealed."""
    text = reason.strip()[:MAX_REASON_CHARS]
    if not text:
        raise ReasonRequired
    if recording.stage != Stage.STORED or not recording.manifest:
        raise NotSealed
    return text


def write_evidence(
    package: BinaryIO,
    recording: Recording,
    export_id: uuid.UUID,
    *,
    reason: str,
    actor: Actor,
    tell: Tell = untold,
) -> None:
    """A zip that proves itself: raw files, playback, manifest, keys, anchor, audit, verifier.

    Audited, and counted for the day, once all files are in it: one entry of an `export_id`, however
    often its making dies. `tell` hears how many files are in it. Raises ReasonRequired, NotSealed,
    DailyLimit, FilesMissing, SealingFailed.
    """
    text = require_exportable(recording, reason)
    if not _is_noted(recording, export_id, actor):
        with transaction.atomic():
            require_download_left(actor)  # what would be refused in the end is not begun
    with zipfile.ZipFile(package, "w", zipfile.ZIP_STORED) as archive:
        manifest = b""
        members: list[dict[str, Any]] = []
        for name, stream in _members(recording):
            with stream:
                members.append(_add(archive, name, stream, lambda: tell(len(members))))
                if name == "manifest.json":
                    stream.seek(0)
                    manifest = stream.read()
        entries = _noted(recording, export_id, text, actor)
        log = io.BytesIO(b"".join(verifier.canonical(entry) + b"\n" for entry in entries))
        members.append(_add(archive, "audit.jsonl", log, lambda: tell(len(members))))
        document = {
            "format": verifier.EXTRACTION,
            "export": str(export_id),
            "recording": str(recording.pk),
            "manifest_sha256": verifier.sha256_hex(manifest),
            "by": actor.name,
            "reason": text,
            "extracted_at": timezone.localtime().isoformat(timespec="seconds"),
            "tool": "verify_evidence.py " + verifier.sha256_hex(_offline("verify_evidence.py")),
            "audit": {"seq": entries[-1]["seq"], "hash": entries[-1]["hash"]},
            "members": members,
        }
        signed = io.BytesIO(evidence_services.signed(document))
        _add(archive, "extraction.json", signed, lambda: tell(len(members)))


def _is_noted(recording: Recording, export_id: uuid.UUID, actor: Actor) -> bool:
    return was_noted(
        "recording.evidence_exported",
        actor=actor,
        object_type="recording",
        object_id=recording.pk,
        since=recording.created_at,
        holding=str(export_id),
    )


def _noted(
    recording: Recording, export_id: uuid.UUID, reason: str, actor: Actor
) -> list[dict[str, Any]]:
    """The interview's chain with the entry of this export in it. Raises DailyLimit."""
    chain = audit.interview_chain(recording.call.task_id)
    with transaction.atomic():
        if not _is_noted(recording, export_id, actor):
            require_download_left(actor)
            audit.record(
                "recording.evidence_exported",
                actor=actor,
                object_type="recording",
                object_id=recording.pk,
                chain=chain,
                export=str(export_id),
                reason=reason,
            )
    return list(entries_of(chain))


def _members(recording: Recording) -> Iterator[tuple[str, BinaryIO]]:
    """(name in the package, bytes) in order, but for what is written of the export. Raises FilesMissing."""
    stored = {row.name: row for row in recording.objects_stored.exclude(confirmed_at=None)}
    with _stored(stored, recording.manifest) as stream:
        raw = stream.read()
    manifest = json.loads(raw)
    yield "README.txt", io.BytesIO(_offline("README.txt"))
    yield "verify_evidence.py", io.BytesIO(_offline("verify_evidence.py"))
    yield "manifest.json", io.BytesIO(raw)
    yield "keys.json", io.BytesIO(verifier.canonical(key_records()))
    seal = seal_of(recording.pk, verifier.sha256_hex(raw))
    proof = proof_of(seal) if seal is not None else None
    if proof is not None:
        yield "anchor.json", io.BytesIO(verifier.canonical(proof))
    for record in verifier.kept_files(manifest):
        kind = record.get("kind") or stored[record["name"]].kind
        yield verifier.member_of({**record, "kind": kind}), _stored(stored, record["name"])


def _stored(stored: dict[str, StoredObject], name: str) -> BinaryIO:
    try:
        return open_stored(stored[name]).file
    except (KeyError, NotFound) as missing:
        raise FilesMissing(name=name) from missing


def _offline(name: str) -> bytes:
    return (OFFLINE / name).read_bytes()


def _add(archive: zipfile.ZipFile, name: str, stream: BinaryIO, beat: Beat) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    info = zipfile.ZipInfo(name, _STILL)
    info.external_attr = 0o644 << 16
    with archive.open(info, "w", force_zip64=True) as member:
        while chunk := stream.read(verifier.CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
            member.write(chunk)
            beat()
    return {"name": name, "bytes": size, "sha256": digest.hexdigest()}
