"""What is sealed can be proven, here and on a machine that has never seen the system; what was
tampered with is named."""

import datetime as dt
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import Role, User
from audit.models import AuditEntry
from common.actor import SYSTEM
from evidence.models import Anchor, Seal
from evidence.offline import verify_evidence as verifier
from evidence.services import rotate_key
from exports import services as exports
from exports.models import ExportJob, ExportState
from interviews.errors import ReasonRequired
from recordings import services
from recordings.errors import FilesMissing, NotSealed
from recordings.models import Recording, StoredObject
from recordings.states import ObjectKind, Stage
from recordings.storage import LocalStore
from tests.recordings.conftest import MakeEnded

Members = dict[str, bytes]


@pytest.fixture
def stored(ended_call: MakeEnded) -> Recording:
    recording = services.ensure_recording(ended_call(video=False).pk)
    assert services.process(recording.pk) is Stage.STORED
    recording.refresh_from_db()
    return recording


def next_day() -> dt.datetime:
    return timezone.now() + dt.timedelta(days=1, hours=1)


def anchored(monkeypatch: pytest.MonkeyPatch) -> list[Anchor]:
    """Anchor as if it were tomorrow; keys and signer stay in today."""
    monkeypatch.setattr("evidence.services.db_now", next_day)
    return services.anchor_days()


def package_of(recording: Recording, folder: Path) -> Path:
    path = folder / "package.zip"
    with services.export_evidence(recording, reason="监管调阅", actor=SYSTEM) as package:
        path.write_bytes(package.read())
    return path


def codes(path: Path, **options: Any) -> list[str]:
    return [fault.code for fault in verifier.examine(path, **options).faults]


# --- whole ----------------------------------------------------------------------------------


def test_a_package_proves_itself_on_a_machine_without_the_system(
    stored: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anchored(monkeypatch)
    package = package_of(stored, tmp_path)
    folder = tmp_path / "elsewhere"
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)

    # -I and -S: no packages but the standard library, so Ed25519 is computed by the file itself.
    run = subprocess.run(
        [sys.executable, "-I", "-S", str(folder / "verify_evidence.py"), "--json"],
        capture_output=True, text=True, check=False, env={"PATH": ""}, cwd=folder,
    )  # fmt: skip

    assert (run.returncode, run.stderr) == (0, "")
    report = json.loads(run.stdout)
    assert report["faults"] == []
    assert report["facts"]["contract_no"] == stored.call.task.contract_no
    assert report["facts"]["anchor_root"] == Anchor.objects.get().root
    assert codes(package) == []
    assert codes(package, trust=report["facts"]["first_key"]) == []
    assert codes(package, trust="ev-somebody-else")[0] == "key_not_trusted"


@pytest.mark.parametrize("encoding", ["gbk", "ascii"])
def test_the_report_goes_into_a_file_on_any_machine(
    stored: Recording, tmp_path: Path, encoding: str
) -> None:
    """Windows writes redirected output in the machine's own code page, which knows no tick."""
    package = package_of(stored, tmp_path)

    run = subprocess.run(
        [sys.executable, "-S", verifier.__file__, str(package)],
        capture_output=True, check=False, env={"PATH": "", "PYTHONIOENCODING": encoding},
    )  # fmt: skip

    assert (run.returncode, run.stderr) == (0, b"")
    assert ("通过" if encoding == "gbk" else "first_key") in run.stdout.decode(encoding)


def test_the_package_has_what_was_recorded_and_says_who_took_it_and_why(
    stored: Recording, tmp_path: Path
) -> None:
    package = package_of(stored, tmp_path)

    with zipfile.ZipFile(package) as archive:
        names = set(archive.namelist())
        extraction = json.loads(archive.read("extraction.json"))
        readme = archive.read("README.txt").decode()
    raw = StoredObject.objects.exclude(kind__in=[ObjectKind.COMPOSED, ObjectKind.MANIFEST])
    assert names == {
        *("README.txt", "verify_evidence.py", "manifest.json", "keys.json", "audit.jsonl"),
        *("playback.mp4", "extraction.json"),
        *(f"files/{name}" for name in raw.values_list("name", flat=True)),
    }
    assert (extraction["reason"], extraction["by"]) == ("监管调阅", "system")
    entry = AuditEntry.objects.get(action="recording.evidence_exported")
    assert json.loads(entry.payload) == {"export": extraction["export"], "reason": "监管调阅"}
    assert extraction["audit"]["seq"] == entry.seq
    assert "python3 verify_evidence.py" in readme


def test_the_report_for_people_is_chinese_and_ends_with_a_conclusion(
    stored: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = package_of(stored, tmp_path)

    assert verifier.main([str(package)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "结论：通过，与封存时完全一致。"
    assert verifier.main([str(tmp_path / "nothing.zip")]) == 2


# --- tampered -------------------------------------------------------------------------------


def flip(body: bytes, at: int = -1) -> bytes:
    at %= len(body)
    return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]


def edited(members: Members, name: str, change: Callable[[Any], Any]) -> None:
    document = json.loads(members[name])
    document = change(document) or document
    members[name] = verifier.canonical(document)


def track(members: Members) -> str:
    return min(name for name in members if name.startswith("files/tracks/"))


def tracks(members: Members) -> list[str]:
    return sorted(name for name in members if name.startswith("files/tracks/"))


def drop(name: str) -> Callable[[Members], Any]:
    return lambda members: members.pop(name)


def bit_in(choose: Callable[[Members], str]) -> Callable[[Members], None]:
    def act(members: Members) -> None:
        members[choose(members)] = flip(members[choose(members)])

    return act


def set_field(name: str, **fields: Any) -> Callable[[Members], None]:
    return lambda members: edited(members, name, lambda document: document | fields)


def swap_tracks(members: Members) -> None:
    first, second = tracks(members)[:2]
    members[first], members[second] = members[second], members[first]


def add_track(members: Members) -> None:
    members["files/tracks/smuggled.mkv"] = b"x"


def audit_lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Members], None]:
    def act(members: Members) -> None:
        lines = members["audit.jsonl"].splitlines(keepends=True)
        members["audit.jsonl"] = b"".join(change(lines))

    return act


def rewrite_audit(members: Members) -> None:
    """Somebody who knows how the chain is made changes an entry and computes it anew."""
    entries = [json.loads(line) for line in members["audit.jsonl"].splitlines()]
    entries[0]["actor_name"] = "somebody"
    prev = entries[0]["prev"]
    for entry in entries:
        entry["prev"] = prev
        prev = entry["hash"] = verifier.audit_hash(entry)
    members["audit.jsonl"] = b"".join(verifier.canonical(e) + b"\n" for e in entries)


def other_file_hash(members: Members) -> None:
    """The file, its hash in the manifest and the roots are changed together; only a key is missing."""
    name = track(members)
    members[name] = flip(members[name])

    def change(manifest: Any) -> None:
        for file in manifest["files"]:
            if verifier.member_of(file) == name:
                file["sha256"] = verifier.sha256_hex(members[name])
        manifest["root"], manifest["raw_root"] = verifier.roots_of(manifest["files"])

    edited(members, "manifest.json", change)


def own_key(members: Members) -> None:
    """Everything is signed anew by a key of the forger's, put into the key list as its successor."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    records = json.loads(members["keys.json"])
    record = {
        "kid": verifier.kid_of(public),
        "public": public.hex(),
        "valid_from_unix_ms": records[-1]["valid_from_unix_ms"] + 1,
        "prev": records[-1]["kid"],
    }
    statement = verifier.key_statement(record)
    record["own"] = record["endorsed"] = key.sign(statement).hex()
    members["keys.json"] = verifier.canonical([*records, record])
    for name in ("manifest.json", "extraction.json"):
        document = json.loads(members[name]) | {"kid": record["kid"]}
        document["signature"] = key.sign(verifier.to_be_signed(document)).hex()
        members[name] = verifier.canonical(document)


def swap_signatures(members: Members) -> None:
    manifest, extraction = (json.loads(members[n]) for n in ("manifest.json", "extraction.json"))
    manifest["signature"], extraction["signature"] = extraction["signature"], manifest["signature"]
    members["manifest.json"] = verifier.canonical(manifest)
    members["extraction.json"] = verifier.canonical(extraction)


def decomposed(members: Members) -> None:
    import unicodedata

    text = members["extraction.json"].decode().replace("监管调阅", "é监管")
    members["extraction.json"] = unicodedata.normalize("NFD", text).encode()


TAMPERINGS: dict[str, tuple[Callable[[Members], Any], str]] = {
    "a bit of a track": (bit_in(track), "file_altered"),
    "a bit of the journal": (bit_in(lambda _m: "files/journal.jsonl"), "file_altered"),
    "a bit of a photo": (
        bit_in(lambda m: next(n for n in m if n.startswith("files/snapshots/"))),
        "file_altered",
    ),
    "a bit of the playback": (bit_in(lambda _m: "playback.mp4"), "file_altered"),
    "a bit of the manifest": (bit_in(lambda _m: "manifest.json"), "document_malformed"),
    "a bit of the keys": (bit_in(lambda _m: "keys.json"), "key_malformed"),
    "a bit of the anchor": (bit_in(lambda _m: "anchor.json"), "malformed"),
    "a bit of the audit log": (bit_in(lambda _m: "audit.jsonl"), "audit_malformed"),
    "a bit of the extraction": (bit_in(lambda _m: "extraction.json"), "document_malformed"),
    "a bit of the verifier": (bit_in(lambda _m: "verify_evidence.py"), "file_altered"),
    "a bit of the readme": (bit_in(lambda _m: "README.txt"), "file_altered"),
    "a track cut": (
        lambda m: m.update({track(m): m[track(m)][:-1]}),
        "file_size_wrong",
    ),
    "a track gone": (lambda m: m.pop(track(m)), "member_missing"),
    "the playback gone": (drop("playback.mp4"), "member_missing"),
    "the manifest gone": (drop("manifest.json"), "member_missing"),
    "the keys gone": (drop("keys.json"), "member_missing"),
    "the audit log gone": (drop("audit.jsonl"), "member_missing"),
    "the anchor gone": (drop("anchor.json"), "member_missing"),
    "the extraction gone": (drop("extraction.json"), "member_missing"),
    "two tracks swapped": (swap_tracks, "file_size_wrong"),
    "a track smuggled in": (add_track, "member_unknown"),
    "file, hash and roots together": (other_file_hash, "signature_wrong"),
    "another contract": (set_field("manifest.json", contract_no="X"), "signature_wrong"),
    "another time": (set_field("manifest.json", sealed_unix_ms=1), "signature_wrong"),
    "an unknown key": (set_field("manifest.json", kid="ev-0"), "key_unknown"),
    "a field more": (set_field("manifest.json", note="x"), "signature_wrong"),
    "a reason changed": (set_field("extraction.json", reason="x"), "signature_wrong"),
    "not canonical": (
        lambda m: m.update({"manifest.json": m["manifest.json"] + b"\n"}),
        "document_altered",
    ),
    "a name twice": (
        lambda m: m.update({"manifest.json": b'{"kid":"x",' + m["manifest.json"][1:]}),
        "document_malformed",
    ),
    "signatures swapped": (swap_signatures, "signature_wrong"),
    "an own key": (own_key, "key_not_endorsed"),
    "an audit entry gone": (audit_lines(lambda lines: lines[:1] + lines[2:]), "audit_broken"),
    "audit entries swapped": (
        audit_lines(lambda lines: [lines[1], lines[0], *lines[2:]]),
        "audit_broken",
    ),
    "the audit tail cut": (audit_lines(lambda lines: lines[:-1]), "audit_head_missing"),
    "an audit entry twice": (audit_lines(lambda lines: [*lines, lines[-1]]), "audit_broken"),
    "the audit chain computed anew": (rewrite_audit, "audit_head_missing"),
    "another spelling of the same text": (decomposed, "signature_wrong"),
    "a leaf elsewhere in the anchor": (
        lambda m: edited(m, "anchor.json", lambda proof: proof | {"leaf_index": 7}),
        "anchor_wrong",
    ),
}


@pytest.fixture
def members(stored: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Members:
    anchored(monkeypatch)
    with zipfile.ZipFile(package_of(stored, tmp_path)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_package(path: Path, members: Members) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return path


def test_each_tampering_is_named(members: Members, tmp_path: Path) -> None:
    """One package, tampered with in every way: building it anew each time would cost minutes."""
    assert codes(write_package(tmp_path / "whole.zip", members)) == []
    missed = {}
    for name, (tamper, expected) in TAMPERINGS.items():
        changed = dict(members)
        tamper(changed)
        found = codes(write_package(tmp_path / "tampered.zip", changed))
        if expected not in found:
            missed[name] = found

    assert missed == {}


def test_every_field_of_the_manifest_is_under_the_signature(
    members: Members, tmp_path: Path
) -> None:
    manifest = json.loads(members["manifest.json"])
    missed = []
    for field in manifest:
        changed = dict(members)
        without = {name: value for name, value in manifest.items() if name != field}
        changed["manifest.json"] = verifier.canonical(without)
        if not codes(write_package(tmp_path / "tampered.zip", changed)):
            missed.append(field)

    assert missed == []


def test_members_twice_or_in_another_order_are_named(members: Members, tmp_path: Path) -> None:
    turned = dict(reversed(members.items()))
    path = write_package(tmp_path / "turned.zip", turned)
    assert codes(path) == ["members_reordered"]

    path = write_package(tmp_path / "twice.zip", members)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("README.txt", members["README.txt"])
    assert codes(path) == ["member_twice"]


def test_a_package_whose_bytes_are_broken_is_no_crash(stored: Recording, tmp_path: Path) -> None:
    package = package_of(stored, tmp_path)
    body = package.read_bytes()
    for at in range(50, len(body), max(1, len(body) // 40)):
        broken = tmp_path / "broken.zip"
        broken.write_bytes(flip(body, at))
        assert verifier.main([str(broken), "--json"]) in (0, 1, 2)


def test_what_belongs_to_another_interview_is_named(ended_call: MakeEnded, tmp_path: Path) -> None:
    packages = []
    for name in ("a", "b"):
        recording = services.ensure_recording(ended_call(video=False).pk)
        services.process(recording.pk)
        recording.refresh_from_db()
        (tmp_path / name).mkdir()
        with zipfile.ZipFile(package_of(recording, tmp_path / name)) as archive:
            packages.append({n: archive.read(n) for n in archive.namelist()})
    ours, theirs = packages

    ours["manifest.json"] = theirs["manifest.json"]
    found = codes(write_package(tmp_path / "mixed.zip", ours))

    assert {"extraction_of_another", "audit_broken"} & set(found)
    assert "member_missing" in found


# --- keys -----------------------------------------------------------------------------------


def test_after_a_rotation_old_and_new_signatures_hold_and_the_old_key_signs_no_more(
    ended_call: MakeEnded, tmp_path: Path
) -> None:
    recordings = []
    for _ in range(2):
        recording = services.ensure_recording(ended_call(video=False).pk)
        services.process(recording.pk)
        recording.refresh_from_db()
        recordings.append(recording)
        rotate_key(actor=SYSTEM, reason="每年更换")

    first, second = (Seal.objects.get(subject=r.pk) for r in recordings)
    assert first.key_id != second.key_id
    for recording in recordings:
        assert services.check_recording(recording).faults == []
    package = package_of(recordings[0], tmp_path)
    assert codes(package) == []
    with zipfile.ZipFile(package) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    records = json.loads(members["keys.json"])
    assert len(records) == 3

    # A list that says the first key was over before it signed, or had not begun, is not believed:
    # the times are what the keys themselves endorsed.
    for index in (0, 1):
        changed = json.loads(members["keys.json"])
        changed[index]["valid_from_unix_ms"] += 1
        tampered = write_package(
            tmp_path / "keys.zip", members | {"keys.json": verifier.canonical(changed)}
        )
        assert codes(tampered)[0] == "key_altered"


def test_a_signature_from_after_the_keys_time_is_named() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    keys = [Ed25519PrivateKey.generate() for _ in range(2)]
    publics = [key.public_key().public_bytes_raw() for key in keys]
    records: list[dict[str, Any]] = []
    for number, (key, public) in enumerate(zip(keys, publics, strict=True)):
        record: dict[str, Any] = {
            "kid": verifier.kid_of(public),
            "public": public.hex(),
            "valid_from_unix_ms": 1000 * (number + 1),
            "prev": records[-1]["kid"] if records else "",
        }
        statement = verifier.key_statement(record)
        record["own"] = key.sign(statement).hex()
        record["endorsed"] = keys[0].sign(statement).hex() if records else ""
        records.append(record)
    ring = verifier.Keyring(records)

    def verdict(number: int, at: int) -> str:
        document = {
            "format": verifier.MANIFEST, "kid": records[number]["kid"], "sealed_unix_ms": at,
        }  # fmt: skip
        document["signature"] = keys[number].sign(verifier.to_be_signed(document)).hex()
        try:
            ring.check(document, "manifest.json")
        except verifier.Fault as fault:
            return fault.code
        return ""

    assert verdict(0, 999) == "key_not_yet_valid"
    assert verdict(0, 1000) == verdict(0, 1999) == ""
    assert verdict(0, 2000) == "key_expired"
    assert verdict(1, 1999) == "key_not_yet_valid"
    assert verdict(1, 2000) == ""


def test_the_private_key_is_readable_by_its_owner_only_and_a_wider_one_is_refused(
    ended_call: MakeEnded, settings: Settings
) -> None:
    recording = services.ensure_recording(ended_call(video=False).pk)
    services.process(recording.pk)
    (key,) = Path(settings.EVIDENCE_KEY_DIR).glob("*.pem")
    assert key.stat().st_mode & 0o777 == 0o400

    key.chmod(0o440)
    other = services.ensure_recording(ended_call(video=False).pk)
    assert services.process(other.pk) is None

    other.refresh_from_db()
    assert (other.stage, other.error) == (Stage.COMPOSED, "SealingFailed: key_not_private")
    assert not Seal.objects.filter(subject=other.pk).exists()
    key.chmod(0o400)
    Recording.objects.filter(pk=other.pk).update(due_at=timezone.now())
    assert services.process(other.pk) is Stage.STORED


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"format": "a cheque", "sealed_unix_ms": 0}, "not_evidence"),
        ({"format": verifier.MANIFEST, "kid": "ev-0", "sealed_unix_ms": 0}, "key_replaced"),
        ({"format": verifier.MANIFEST, "kid": None, "sealed_unix_ms": 1000}, "wrong_time"),
    ],
)
def test_the_signer_signs_evidence_of_this_moment_only(
    document: dict[str, Any], code: str, tmp_path: Path
) -> None:
    signer = [sys.executable, "-m", "evidence", str(tmp_path / "keys")]
    begun = subprocess.run([*signer, "begin"], capture_output=True, check=True)
    kid = json.loads(begun.stdout)["records"][0]["kid"]
    if document.get("kid", "") is None:
        document = document | {"kid": kid}

    said = subprocess.run(
        [*signer, "sign"], input=json.dumps(document).encode(), capture_output=True, check=False
    )

    assert (said.returncode, json.loads(said.stdout)) == (3, {"refused": code})


# --- in the system --------------------------------------------------------------------------


def test_verify_says_what_was_done_to_the_store_or_the_database(
    stored: Recording, settings: Settings
) -> None:
    def verdict() -> set[str]:
        recording = Recording.objects.get(pk=stored.pk)
        return {fault.code for fault in services.check_recording(recording).faults}

    assert verdict() == set()
    row = StoredObject.objects.get(kind=ObjectKind.JOURNAL)
    file = Path(settings.STORAGE_DIR) / row.key
    whole = file.read_bytes()
    file.write_bytes(flip(whole, 40))
    assert "file_altered" in verdict()
    file.unlink()
    assert "member_missing" in verdict()
    file.write_bytes(whole)
    Recording.objects.filter(pk=stored.pk).update(sha256="0" * 64)
    assert verdict() == {"row_disagrees"}
    Recording.objects.filter(pk=stored.pk).update(sha256=stored.sha256)
    Seal.objects.all().delete()
    assert verdict() == {"seal_missing"}


def test_the_command_has_a_status_for_scripts(
    stored: Recording, settings: Settings, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    call_command("evidence", "verify", str(stored.call_id), "--json")
    said = json.loads(capsys.readouterr().out)
    assert (said["ok"], said["call"], said["faults"]) == (True, str(stored.call_id), [])

    row = StoredObject.objects.get(kind=ObjectKind.COMPOSED)
    file = Path(settings.STORAGE_DIR) / row.key
    file.write_bytes(flip(file.read_bytes()))
    with pytest.raises(SystemExit) as found:
        call_command("evidence", "verify", "--all", "--json")
    assert found.value.code == 1
    assert json.loads(capsys.readouterr().out)["faults"] == [
        {"code": "file_altered", "where": stored.file, "detail": ""}
    ]

    def away(*_: Any) -> Any:
        raise ConnectionError

    monkeypatch.setattr(LocalStore, "open", away)
    with pytest.raises(SystemExit) as found:
        call_command("evidence", "verify", "--since", "2020-01-01")
    assert found.value.code == 2


def test_a_day_is_anchored_once_when_it_is_over_and_the_copy_is_in_the_store(
    ended_call: MakeEnded, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        services.process(services.ensure_recording(ended_call(video=False).pk).pk)

    assert services.anchor_days() == []
    (anchor,) = anchored(monkeypatch)
    assert services.anchor_days() == []

    anchor.refresh_from_db()
    assert (anchor.number, anchor.count) == (1, 3)
    assert [s.leaf_index for s in anchor.seals.order_by("leaf_index")] == [0, 1, 2]
    copy = Path(settings.STORAGE_DIR) / anchor.storage_key
    assert copy.read_text() == anchor.document
    assert services.check_anchors() == []
    for recording in Recording.objects.all():
        assert services.check_recording(recording).anchored


def test_a_manifest_taken_out_of_its_day_or_a_day_taken_out_is_named(
    ended_call: MakeEnded, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(2):
        services.process(services.ensure_recording(ended_call(video=False).pk).pk)
        later = next_day() + dt.timedelta(days=day)
        monkeypatch.setattr("evidence.services.db_now", lambda later=later: later)
        services.anchor_days()
        Seal.objects.filter(anchor=None).update(sealed_at=timezone.now())
    assert Anchor.objects.count() == 2
    assert services.check_anchors() == []

    Seal.objects.filter(anchor__number=1).update(anchor=None, leaf_index=None)
    assert [fault.code for fault in services.check_anchors()] == ["anchor_wrong"]
    Anchor.objects.get(number=1).delete()
    assert [fault.code for fault in services.check_anchors()] == ["anchor_missing"]


def test_a_recording_made_anew_has_a_seal_of_its_own(stored: Recording) -> None:
    services.rebuild(stored.pk, actor=SYSTEM)
    services.process(stored.pk)

    stored.refresh_from_db()
    assert Seal.objects.filter(subject=stored.pk).count() == 2
    assert services.check_recording(stored).faults == []


# --- who may --------------------------------------------------------------------------------


def as_operator(*operations: str) -> Client:
    user = User.objects.create_user(f"9{User.objects.count():05}", "test-password", name="x")
    role = Role.objects.create(
        code=user.staff_no, name="x", operations=list(operations), scope="all"
    )
    user.roles.add(role)
    client = Client()
    client.force_login(user)
    return client


async def whole_body(answer: Any) -> bytes:
    return b"".join([bytes(chunk) async for chunk in answer.streaming_content])


def test_exporting_needs_the_operation_a_reason_and_a_seal(
    stored: Recording, tmp_path: Path
) -> None:
    export = reverse("recordings:export_evidence", args=[stored.call_id])
    verify = reverse("recordings:verify_evidence", args=[stored.call_id])
    exported = AuditEntry.objects.filter(action="recording.evidence_exported")
    for url in (export, verify):
        assert Client().post(url).status_code == 302
        assert as_operator("videos.view", "videos.download").post(url).status_code == 404
        assert as_operator("videos.evidence").post(url).status_code == 404
        assert as_operator("videos.view", "videos.evidence").get(url).status_code == 405
    client = as_operator("videos.view", "videos.evidence")
    assert client.post(export, {"reason": " "}).status_code == 302
    assert not exported.exists()

    answer = client.post(export, {"reason": "监管调阅"})

    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/zip"
    assert exported.count() == 1
    package = tmp_path / "downloaded.zip"
    package.write_bytes(async_to_sync(whole_body)(answer))
    assert codes(package) == []
    page = client.post(verify, follow=True)
    assert "验证通过" in page.content.decode()
    assert AuditEntry.objects.filter(action="recording.verified").count() == 1


def test_what_is_not_sealed_cannot_be_exported(ended_call: MakeEnded) -> None:
    recording = services.ensure_recording(ended_call(video=False).pk)

    with pytest.raises(NotSealed):
        services.export_evidence(recording, reason="x", actor=SYSTEM)
    with pytest.raises(ReasonRequired):
        services.export_evidence(recording, reason=" ", actor=SYSTEM)
    assert not AuditEntry.objects.filter(action="recording.evidence_exported").exists()


def test_a_large_one_is_verified_and_packed_in_the_background(
    stored: Recording, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EXPORT_DIR = tmp_path / "exports"
    monkeypatch.setattr("recordings.evidence_views.DIRECT_BYTES", 1)
    client = as_operator("videos.view", "videos.evidence")
    export = reverse("recordings:export_evidence", args=[stored.call_id])
    assert client.post(export, {"reason": " "}).headers["Location"].endswith(f"{stored.call_id}/")
    assert not ExportJob.objects.exists()

    client.post(reverse("recordings:verify_evidence", args=[stored.call_id]))
    asked = client.post(export, {"reason": "监管调阅"}, follow=True)

    assert "录像较大，已在后台处理" in asked.content.decode()
    assert not AuditEntry.objects.filter(action="recording.evidence_exported").exists()
    for job_id in exports.due_jobs(10):
        exports.make(job_id)
    checked, packed = ExportJob.objects.order_by("requested_at")
    assert (checked.state, packed.state) == (ExportState.DONE, ExportState.DONE)
    assert "验证通过" in (settings.EXPORT_DIR / checked.file_name).read_text("utf-8-sig")
    package = settings.EXPORT_DIR / packed.file_name
    assert codes(package) == []
    with zipfile.ZipFile(package) as archive:
        assert packed.rows_done == len(archive.namelist()) - 1  # without the record of the taking
    entry = AuditEntry.objects.get(action="recording.evidence_exported")
    assert json.loads(entry.payload)["reason"] == "监管调阅"
    taken = client.post(reverse("exports:take", args=[packed.pk]))
    assert taken["Content-Type"] == "application/zip"
    taken.close()


@pytest.mark.parametrize(
    "dies_at", ["recordings.storage.LocalStore.open", "evidence.services.signed"]
)
def test_a_package_whose_making_died_is_audited_once_when_it_is_there(
    stored: Recording,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    dies_at: str,
) -> None:
    settings.EXPORT_DIR = tmp_path / "exports"
    monkeypatch.setattr("recordings.evidence_views.DIRECT_BYTES", 1)
    client = as_operator("videos.view", "videos.evidence")
    client.post(reverse("recordings:export_evidence", args=[stored.call_id]), {"reason": "调阅"})
    job = ExportJob.objects.get()

    def away(*_: Any) -> Any:
        raise ConnectionError

    for _try in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(dies_at, away)
            with pytest.raises(ConnectionError):
                exports.make(job.pk)
        ExportJob.objects.update(leased_until=None)
    exports.make(job.pk)

    job.refresh_from_db()
    assert job.state == ExportState.DONE
    package = settings.EXPORT_DIR / job.file_name
    assert codes(package) == []
    entry = AuditEntry.objects.get(action="recording.evidence_exported")
    with zipfile.ZipFile(package) as archive:
        extraction = json.loads(archive.read("extraction.json"))
    assert json.loads(entry.payload)["export"] == extraction["export"]
    assert extraction["audit"]["seq"] == entry.seq


def test_a_package_that_was_never_made_is_not_audited_as_one(
    stored: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    StoredObject.objects.filter(kind=ObjectKind.JOURNAL).delete()

    with pytest.raises(FilesMissing):
        services.export_evidence(stored, reason="调阅", actor=SYSTEM)

    assert not AuditEntry.objects.filter(action="recording.evidence_exported").exists()


def test_who_may_no_more_gets_no_package_that_was_asked_for(
    stored: Recording, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EXPORT_DIR = tmp_path / "exports"
    monkeypatch.setattr("recordings.evidence_views.DIRECT_BYTES", 1)
    client = as_operator("videos.view", "videos.evidence")
    client.post(reverse("recordings:export_evidence", args=[stored.call_id]), {"reason": "调阅"})
    Role.objects.update(operations=["videos.view"])

    (job_id,) = exports.due_jobs(10)
    exports.make(job_id)

    job = ExportJob.objects.get()
    assert job.state == ExportState.FAILED
    assert not (settings.EXPORT_DIR / job.file_name).exists()
    assert not AuditEntry.objects.filter(action="recording.evidence_exported").exists()
