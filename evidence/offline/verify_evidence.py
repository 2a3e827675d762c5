#!/usr/bin/env python3
"""Examine an evidence package of the video interview system. One file, Python 3.9 or later, no network.

    python3 verify_evidence.py PACKAGE.zip [--trust FINGERPRINT] [--json]

PACKAGE is the zip or the folder it was unpacked into (default: the folder this file lies in).
Exit status: 0 everything is as it was sealed, 1 something is not, 2 the package cannot be read.

The system itself seals and checks with the functions of this file: there is one definition of what
is hashed and signed. The `cryptography` package is used when it is installed; without it Ed25519 is
computed here (RFC 8032).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import zipfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:  # a machine that has never seen the system
    Ed25519PublicKey = None  # type: ignore[assignment,misc]

MANIFEST, ANCHOR, EXTRACTION = (
    f"vi-evidence-{kind}-1" for kind in ("manifest", "anchor", "extraction")
)
KEY = "vi-evidence-key-1"
MAX_INT = 2**53 - 1
CHUNK_BYTES = 1 << 20
JOURNAL = "journal.jsonl"
# In the package but outside extraction.json, which lists all others.
UNLISTED = ("extraction.json",)


def _(text: str) -> str:
    """Marks what a person reads; there is no gettext where this runs."""
    return text


# --- canonical JSON (RFC 8785 without fractions) ---------------------------------------------


def canonical(value: Any) -> bytes:
    """The one UTF-8 text of a JSON value. Raises ValueError for what has more than one.

    Strings, whole numbers up to 2^53, true, false, null, lists and objects; names are sorted by
    their UTF-16 code units. Fractions are refused: their texts differ between languages.
    """
    return _text(value).encode("utf-8")


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, int):
        if abs(value) > MAX_INT:
            raise ValueError("whole numbers up to 2^53 only")
        return str(value)
    if isinstance(value, str):
        value.encode("utf-8")  # lone surrogates have no UTF-8: UnicodeEncodeError is a ValueError
        return _quoted(value)
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_text(item) for item in value) + "]"
    if isinstance(value, dict):
        if not all(isinstance(name, str) for name in value):
            raise ValueError("names are strings")
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{_text(name)}:{_text(value[name])}" for name in names) + "}"
    raise ValueError(f"{type(value).__name__} has no canonical text")


_SHORT = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
_ESCAPES = {code: _SHORT.get(code, f"\\u{code:04x}") for code in [*range(32), 34, 92]}


def _quoted(text: str) -> str:
    return '"' + text.translate(_ESCAPES) + '"'


def parsed(raw: bytes) -> Any:
    """JSON whose every name is there once. Raises ValueError."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _value in pairs]
        if len(set(names)) != len(names):
            raise ValueError("a name is there twice")
        return dict(pairs)

    return json.loads(raw.decode("utf-8"), object_pairs_hook=once)


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# --- Merkle trees (RFC 6962, section 2.1) ----------------------------------------------------


def _leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return _leaf(leaves[0])
    k = _split(len(leaves))
    return _node(merkle_root(leaves[:k]), merkle_root(leaves[k:]))


def merkle_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root, from below."""
    if len(leaves) == 1:
        return []
    k = _split(len(leaves))
    if index < k:
        return [*merkle_path(index, leaves[:k]), merkle_root(leaves[k:])]
    return [*merkle_path(index - k, leaves[k:]), merkle_root(leaves[:k])]


def root_by_path(data: bytes, index: int, count: int, path: Sequence[bytes]) -> bytes:
    """The root that a leaf and its path lead to. Raises ValueError when the path's length is wrong."""
    if not 0 <= index < count:
        raise ValueError("no such leaf")
    steps, size, at = [], count, index
    while size > 1:
        k = _split(size)
        steps.append(at < k)
        size, at = (k, at) if at < k else (size - k, at - k)
    if len(steps) != len(path):
        raise ValueError("wrong length of path")
    found = _leaf(data)
    for is_left, other in zip(reversed(steps), path):  # noqa: B905 - older Python
        found = _node(found, other) if is_left else _node(other, found)
    return found


# --- Ed25519 (RFC 8032) ----------------------------------------------------------------------

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_I = pow(2, (_P - 1) // 4, _P)


Point = tuple[int, int, int, int]


def _add(a: Point, b: Point) -> Point:
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % _P, (a[1] + a[0]) * (b[1] + b[0]) % _P
    g, h = 2 * a[3] * b[3] * _D % _P, 2 * a[2] * b[2] % _P
    e, f, g, h = f - e, h - g, h + g, f + e
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _times(scalar: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _add(total, point)
        point, scalar = _add(point, point), scalar >> 1
    return total


def _point(encoded: bytes) -> Point | None:
    """None when the bytes are no point."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _I % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return (x, y, 1, x * y % _P)


_BASE = _point((4 * pow(5, _P - 2, _P) % _P).to_bytes(32, "little")) or (0, 0, 0, 0)


def ed25519_in_python(public: bytes, signature: bytes, message: bytes) -> bool:
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = _point(public), _point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= _L:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    h = int.from_bytes(digest, "little") % _L
    left, right = _times(s, _BASE), _add(r, _times(h, a))
    return (
        (left[0] * right[2] - right[0] * left[2]) % _P == 0
        and (left[1] * right[2] - right[1] * left[2]) % _P == 0
    )  # fmt: skip


def is_signature(public: bytes, signature: bytes, message: bytes) -> bool:
    if Ed25519PublicKey is None:
        return ed25519_in_python(public, signature, message)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


# --- documents and keys ----------------------------------------------------------------------

Document = dict[str, Any]


def to_be_signed(document: Document) -> bytes:
    """What the signature of a document is over: its kind, NUL, everything but the signature."""
    body = {name: value for name, value in document.items() if name != "signature"}
    return str(document["format"]).encode("ascii") + b"\x00" + canonical(body)


def kid_of(public: bytes) -> str:
    """A key is called after its fingerprint: no other key can have the name."""
    return "ev-" + sha256_hex(public)[:32]


def key_statement(record: Document) -> bytes:
    """What a key, and the one before it, sign when it comes into use."""
    names = ("kid", "public", "valid_from_unix_ms", "prev")
    return KEY.encode("ascii") + b"\x00" + canonical({name: record[name] for name in names})


class Fault(Exception):
    """`code` is stable, `where` names the member or field."""

    def __init__(self, code: str, where: str = "", detail: str = "") -> None:
        super().__init__(code, where, detail)
        self.code, self.where, self.detail = code, where, detail


class Keyring:
    """Public keys in the order of their use, each endorsed by the one before it.

    A key is valid from its own beginning until the next one's.
    """

    def __init__(self, records: Sequence[Document], trust: str = "") -> None:
        self._spans: dict[str, tuple[bytes, int, int | None]] = {}
        before: Document | None = None
        for record in records:
            self._take(record, before)
            before = record
        if before is None:
            raise Fault("keys_missing", "keys.json")
        self.first = str(records[0]["kid"])
        if trust and trust not in self._spans:
            raise Fault("key_not_trusted", "keys.json", trust)

    def _take(self, record: Document, before: Document | None) -> None:
        try:
            public, begin = bytes.fromhex(record["public"]), record["valid_from_unix_ms"]
            kid, statement = record["kid"], key_statement(record)
            own, endorsed = bytes.fromhex(record["own"]), bytes.fromhex(record["endorsed"])
            prev = record["prev"]
        except (KeyError, TypeError, ValueError) as error:
            raise Fault("key_malformed", "keys.json") from error
        if kid != kid_of(public):
            raise Fault("key_renamed", "keys.json", kid)
        if not is_signature(public, own, statement):
            raise Fault("key_altered", "keys.json", kid)
        if before is None:
            if prev or endorsed:
                raise Fault("key_not_endorsed", "keys.json", kid)
        else:
            earlier = self._spans[before["kid"]]
            if prev != before["kid"] or not is_signature(earlier[0], endorsed, statement):
                raise Fault("key_not_endorsed", "keys.json", kid)
            if kid in self._spans or begin <= earlier[1]:
                raise Fault("key_out_of_order", "keys.json", kid)
            self._spans[before["kid"]] = (earlier[0], earlier[1], begin)
        self._spans[kid] = (public, begin, None)

    def check(self, document: Document, where: str) -> None:
        """Raises Fault unless the document is signed by a key that was valid then."""
        try:
            signature, kid = bytes.fromhex(document["signature"]), document["kid"]
            at, message = document["sealed_unix_ms"], to_be_signed(document)
        except (KeyError, TypeError, ValueError) as error:
            raise Fault("document_malformed", where) from error
        if kid not in self._spans:
            raise Fault("key_unknown", where, str(kid))
        public, begin, end = self._spans[kid]
        if not is_signature(public, signature, message):
            raise Fault("signature_wrong", where, kid)
        if at < begin:
            raise Fault("key_not_yet_valid", where, kid)
        if end is not None and at >= end:
            raise Fault("key_expired", where, kid)


def read_document(raw: bytes, kind: str, where: str) -> Document:
    """A signed document out of its file. Its bytes are the canonical ones, nothing else will do."""
    try:
        document = parsed(raw)
        same = canonical(document) == raw
    except ValueError as error:
        raise Fault("document_malformed", where) from error
    if not isinstance(document, dict) or document.get("format") != kind:
        raise Fault("document_malformed", where)
    if not same:
        raise Fault("document_altered", where)
    return document


# --- what a manifest says --------------------------------------------------------------------


def leaves_of(files: Iterable[Document]) -> list[bytes]:
    return [canonical(file) for file in files]


def roots_of(files: Sequence[Document]) -> tuple[str, str]:
    """(root over all files, root over the raw ones) in hex, as they stand in the manifest."""
    raw = [file for file in files if file["kind"] != "composed"]
    return merkle_root(leaves_of(files)).hex(), merkle_root(leaves_of(raw)).hex()


def kept_files(manifest: Document) -> list[Document]:
    """Those that were to be kept; the others were recorded, are named with their hash, and are not there."""
    return [file for file in manifest["files"] if file.get("kept", True)]


def check_roots(manifest: Document) -> None:
    try:
        files, names = manifest["files"], [file["name"] for file in manifest["files"]]
        root, raw_root = roots_of(files)
        claimed, raw_claimed = manifest["root"], manifest["raw_root"]
        derived = manifest["derived"]
    except (KeyError, TypeError, ValueError) as error:
        raise Fault("document_malformed", "manifest.json") from error
    if len(set(names)) != len(names):
        raise Fault("file_twice", "manifest.json")
    if root != claimed or raw_root != raw_claimed:
        raise Fault("root_wrong", "manifest.json")
    composed = {file["name"]: file["sha256"] for file in files if file["kind"] == "composed"}
    if {one["name"]: one["sha256"] for one in derived} != composed:
        raise Fault("derived_unbound", "manifest.json")
    if any(one["from_raw_root"] != raw_root for one in derived):
        raise Fault("derived_unbound", "manifest.json")


def check_file(record: Document, stream: IO[bytes], where: str) -> None:
    """Raises Fault unless the stream has the recorded size and SHA-256."""
    digest, size = hashlib.sha256(), 0
    while True:
        chunk = stream.read(CHUNK_BYTES)
        if not chunk:
            break
        digest.update(chunk)
        size += len(chunk)
    if size != record["bytes"]:
        raise Fault("file_size_wrong", where, f"{size} != {record['bytes']}")
    if digest.hexdigest() != record["sha256"]:
        raise Fault("file_altered", where)


def check_journal(manifest: Document, raw: bytes) -> None:
    """What the recorder noted when it closed each track agrees with what was sealed."""
    sealed = {file["name"]: file["sha256"] for file in manifest["files"]}
    for text in raw.split(b"\n"):
        try:
            line = json.loads(text)
        except ValueError:
            continue  # torn by a crash; how many is in the manifest
        if not isinstance(line, dict) or line.get("kind") != "track.ended":
            continue
        name, noted = line.get("file"), line.get("sha256")
        if noted and name in sealed and sealed[name] != noted:
            raise Fault("journal_disagrees", str(name))


# --- audit chain -----------------------------------------------------------------------------

AUDIT_FIELDS = (
    "chain", "seq", "at", "actor_kind", "actor_id", "actor_name", "ip", "request_id", "action",
    "object_type", "object_id", "payload", "prev",
)  # fmt: skip


def audit_hash(entry: Document) -> str:
    """As PostgreSQL computes it: the fields joined by U+001F."""
    return sha256_hex("\x1f".join(str(entry[name]) for name in AUDIT_FIELDS).encode("utf-8"))


def check_audit(entries: Iterable[Document], chain: str, *heads: Document) -> None:
    """The chain is whole, and each head ({seq, hash}) is on it. The last head is the last entry."""
    where = "audit.jsonl"
    expected = sha256_hex(b"GENESIS:" + chain.encode("utf-8"))
    hashes: dict[int, str] = {}
    for number, entry in enumerate(entries, 1):
        try:
            broken = (
                entry["chain"] != chain
                or entry["seq"] != number
                or entry["prev"] != expected
                or entry["hash"] != audit_hash(entry)
            )
        except (KeyError, TypeError) as error:
            raise Fault("audit_malformed", where, f"#{number}") from error
        if broken:
            raise Fault("audit_broken", where, f"#{number}")
        expected = entry["hash"]
        hashes[number] = expected
    for head in heads:
        if hashes.get(head["seq"]) != head["hash"]:
            raise Fault("audit_head_missing", where, f"#{head['seq']}")
    if heads and heads[-1]["seq"] != len(hashes):
        raise Fault("audit_cut", where, f"#{len(hashes)}")


# --- a package -------------------------------------------------------------------------------


class Package:
    """A zip, or the folder it was unpacked into."""

    def __init__(self, path: Path) -> None:
        self._zip: zipfile.ZipFile | None = None
        self._root = path
        if path.is_file():
            self._zip = zipfile.ZipFile(path)
            self.names = [info.filename for info in self._zip.infolist() if not info.is_dir()]
        else:
            files = (file for file in path.rglob("*") if file.is_file())
            self.names = sorted(file.relative_to(path).as_posix() for file in files)
            self.names = [name for name in self.names if "__pycache__" not in name]

    def open(self, name: str) -> IO[bytes]:
        if self.names.count(name) == 0:
            raise Fault("member_missing", name)
        try:
            return self._zip.open(name) if self._zip else (self._root / name).open("rb")
        except (OSError, zipfile.BadZipFile) as error:
            raise Fault("member_unreadable", name) from error

    def read(self, name: str) -> bytes:
        with self.open(name) as stream:
            try:
                return stream.read()
            except (OSError, zipfile.BadZipFile) as error:
                raise Fault("member_unreadable", name) from error

    def close(self) -> None:
        if self._zip is not None:
            self._zip.close()

    @property
    def is_zip(self) -> bool:
        return self._zip is not None


def member_of(record: Document) -> str:
    """Where a file of the manifest lies in the package."""
    if record["kind"] == "composed":
        return "playback" + Path(record["name"]).suffix
    return f"files/{record['name']}"


class Examination:
    """All checks of one package; each goes on after another failed."""

    def __init__(self, package: Package, trust: str = "") -> None:
        self._package, self._trust = package, trust
        self.faults: list[Fault] = []
        self.done: list[tuple[bool, str]] = []
        self.facts: Document = {}

    def run(self) -> None:
        keys = self._try(_("公钥链：每把密钥由上一把签署"), self._keys)
        manifest = self._try(
            _("清单：规范格式、签名、签名时密钥有效"), lambda: self._manifest(keys)
        )
        extraction = self._try(_("提取记录：签名"), lambda: self._extraction(keys))
        if manifest is not None:
            self._try(_("清单：默克尔树根、回放件与原始文件的绑定"), lambda: check_roots(manifest))
            self._files(manifest)
            self._try(
                _("通话日志：关闭录像文件时记下的哈希与清单一致"),
                lambda: check_journal(manifest, self._package.read("files/" + JOURNAL)),
            )
            self._try(_("操作日志：哈希链完整"), lambda: self._audit(manifest, extraction))
            if "anchor.json" in self._package.names:
                self._try(_("当日锚定：清单在当日的树中"), lambda: self._anchor(keys))
        if extraction is not None:
            self._try(
                _("成员：与提取记录一致，不多不少"), lambda: self._members(extraction, manifest)
            )

    def _try(self, title: str, check: Callable[[], Any]) -> Any:
        try:
            found = check()
        except Fault as fault:
            self.faults.append(fault)
            self.done.append((False, title))
            return None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self.faults.append(Fault("malformed", title, type(error).__name__))
            self.done.append((False, title))
            return None
        self.done.append((True, title))
        return found

    def _keys(self) -> Keyring:
        try:
            records = parsed(self._package.read("keys.json"))
        except ValueError as error:
            raise Fault("key_malformed", "keys.json") from error
        keys = Keyring(records, self._trust)
        self.facts["first_key"] = keys.first
        return keys

    def _signed(self, keys: Keyring | None, name: str, kind: str) -> Document:
        document = read_document(self._package.read(name), kind, name)
        if keys is None:
            raise Fault("keys_unusable", name)
        keys.check(document, name)
        return document

    def _manifest(self, keys: Keyring | None) -> Document:
        manifest = self._signed(keys, "manifest.json", MANIFEST)
        for name in ("recording", "contract_no", "sealed_unix_ms", "root", "kid"):
            self.facts[name] = manifest[name]
        return manifest

    def _extraction(self, keys: Keyring | None) -> Document:
        return self._signed(keys, "extraction.json", EXTRACTION)

    def _files(self, manifest: Document) -> None:
        for record in kept_files(manifest):
            name = member_of(record)
            self._try(name, partial(self._file, record, name))

    def _file(self, record: Document, name: str) -> None:
        with self._package.open(name) as stream:
            try:
                check_file(record, stream, name)
            except (OSError, zipfile.BadZipFile) as error:
                raise Fault("file_altered", name) from error

    def _audit(self, manifest: Document, extraction: Document | None) -> None:
        if extraction is None:
            raise Fault("audit_head_missing", "audit.jsonl")
        lines = self._package.read("audit.jsonl").splitlines()
        try:
            entries = [parsed(line) for line in lines]
        except ValueError as error:
            raise Fault("audit_malformed", "audit.jsonl") from error
        head = manifest["audit"]
        check_audit(entries, head["chain"], head, extraction["audit"])

    def _anchor(self, keys: Keyring | None) -> None:
        proof = parsed(self._package.read("anchor.json"))
        anchor = read_document(canonical(proof["anchor"]), ANCHOR, "anchor.json")
        if keys is None:
            raise Fault("keys_unusable", "anchor.json")
        keys.check(anchor, "anchor.json")
        leaf = hashlib.sha256(self._package.read("manifest.json")).digest()
        path = [bytes.fromhex(step) for step in proof["path"]]
        try:
            root = root_by_path(leaf, proof["leaf_index"], anchor["count"], path)
        except ValueError as error:
            raise Fault("anchor_wrong", "anchor.json") from error
        if root.hex() != anchor["root"]:
            raise Fault("anchor_wrong", "anchor.json")
        self.facts["anchor_day"], self.facts["anchor_root"] = anchor["day"], anchor["root"]

    def _members(self, extraction: Document, manifest: Document | None) -> None:
        listed = [member["name"] for member in extraction["members"]]
        found = [name for name in self._package.names if name not in UNLISTED]
        for name in listed:
            if name not in found:
                raise Fault("member_missing", name)
        for name in found:
            if name not in listed:
                raise Fault("member_unknown", name)
        for name in found:
            if found.count(name) > 1:
                raise Fault("member_twice", name)
        if self._package.is_zip and found != listed:
            raise Fault("members_reordered", "extraction.json")
        if manifest is not None and extraction["recording"] != manifest["recording"]:
            raise Fault("extraction_of_another", "extraction.json")
        for member in extraction["members"]:
            with self._package.open(member["name"]) as stream:
                try:
                    check_file(member, stream, member["name"])
                except (OSError, zipfile.BadZipFile) as error:
                    raise Fault("file_altered", member["name"]) from error


EXPLAINED = {
    "anchor_wrong": _("清单不在所附当日锚定的树中"),
    "audit_broken": _("操作日志被改动、增删或调换"),
    "audit_cut": _("操作日志末尾被截去或添加"),
    "audit_head_missing": _("操作日志与封存或提取时的状态不符"),
    "audit_malformed": _("操作日志格式不对"),
    "derived_unbound": _("回放件与原始文件的绑定不符"),
    "document_altered": _("文件不是封存时的字节"),
    "document_malformed": _("文件格式不对"),
    "extraction_of_another": _("提取记录属于另一份录像"),
    "file_altered": _("文件内容被改动"),
    "file_size_wrong": _("文件大小不符"),
    "file_twice": _("清单中有重名文件"),
    "journal_disagrees": _("与录制时记下的哈希不一致"),
    "key_altered": _("公钥记录被改动"),
    "key_expired": _("签名时该密钥已被更换"),
    "key_malformed": _("公钥文件格式不对"),
    "key_not_endorsed": _("公钥未由上一把密钥签署"),
    "key_not_trusted": _("公钥链中没有所信任的指纹"),
    "key_not_yet_valid": _("签名时该密钥尚未启用"),
    "key_out_of_order": _("公钥启用时间顺序不对"),
    "key_renamed": _("公钥与其编号不符"),
    "key_unknown": _("签名所用密钥不在公钥链中"),
    "keys_missing": _("没有公钥"),
    "keys_unusable": _("公钥链不可用，无法验证签名"),
    "malformed": _("格式不对"),
    "member_missing": _("缺少成员"),
    "member_twice": _("成员重复"),
    "member_unknown": _("多出提取记录之外的成员"),
    "member_unreadable": _("成员无法读取"),
    "members_reordered": _("成员顺序被调换"),
    "root_wrong": _("默克尔树根与文件列表不符"),
    "signature_wrong": _("签名不符：内容被改动，或不是该密钥所签"),
}


def examine(path: Path, trust: str = "") -> Examination:
    """Raises OSError and zipfile.BadZipFile when there is no package to read."""
    if not path.exists():
        raise FileNotFoundError(str(path))
    package = Package(path)
    try:
        examination = Examination(package, trust)
        examination.run()
    finally:
        package.close()
    return examination


def main(arguments: list[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a code page may lack a character: never fail over it
            stream.reconfigure(errors="replace")
    parser = argparse.ArgumentParser(description=_("视频面谈证据包离线验证"))
    parser.add_argument("package", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--trust", default="", help=_("银行公布的密钥编号（ev-…）"))
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    try:
        examination = examine(chosen.package, chosen.trust)
    except (OSError, zipfile.BadZipFile) as error:
        print(f"{_('无法读取证据包')}: {error}", file=sys.stderr)  # noqa: T201
        return 2
    if chosen.json:
        faults = [
            {"code": f.code, "where": f.where, "detail": f.detail} for f in examination.faults
        ]
        report = {"ok": not faults, "faults": faults, "facts": examination.facts}
        print(json.dumps(report, ensure_ascii=False))  # noqa: T201
    else:
        _print_report(examination, chosen.trust)
    return 1 if examination.faults else 0


def _print_report(examination: Examination, trust: str) -> None:
    say = print
    for ok, title in examination.done:
        say(("✓ " if ok else "✗ ") + title)
    for fault in examination.faults:
        detail = f"（{fault.detail}）" if fault.detail else ""  # data
        say(f"  ! {fault.code} {fault.where}: {EXPLAINED[fault.code]}{detail}")
    say()
    for name, value in examination.facts.items():
        say(f"  {name:<15} {value}")
    if not trust and "first_key" in examination.facts:
        say(_("  请将 first_key 与银行公布的密钥编号核对，或加 --trust 参数重新验证。"))
    say(
        _("结论：未通过，见上面标 ! 的各项。")
        if examination.faults
        else _("结论：通过，与封存时完全一致。")
    )


if __name__ == "__main__":
    sys.exit(main())
