"""The folder of signing keys: `<kid>.pem` (0400) and `keys.json`, the public records in their order.

Only the signing process reads private keys. Pure: no Django.
"""

import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from evidence.offline.verify_evidence import ANCHOR, EXTRACTION, MANIFEST, key_statement, kid_of
from evidence.offline.verify_evidence import to_be_signed as message_of

RECORDS = "keys.json"
KINDS = (MANIFEST, ANCHOR, EXTRACTION)
# A document says itself when it was sealed; the signer believes only its own clock.
CLOCK_TOLERANCE_MS = 600_000


class SigningRefused(Exception):
    """`code`: no_key, key_not_private, key_replaced, not_evidence, wrong_time."""


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def records(folder: Path) -> list[dict[str, Any]]:
    """Public records, oldest first; empty when there is no key yet."""
    path = folder / RECORDS
    found: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    return found


def begin(folder: Path) -> list[dict[str, Any]]:
    """Make the first key when there is none. Returns all records."""
    with _alone(folder):
        known = records(folder)
        return known or _add(folder, known)


def rotate(folder: Path) -> list[dict[str, Any]]:
    """A new key, endorsed by the present one, which is valid no longer. Returns all records."""
    with _alone(folder):
        return _add(folder, records(folder))


def _add(folder: Path, known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    now = time.time_ns() // 1_000_000
    before = known[-1] if known else None
    record: dict[str, Any] = {
        "kid": kid_of(public),
        "public": public.hex(),
        "valid_from_unix_ms": max(now, before["valid_from_unix_ms"] + 1) if before else now,
        "prev": before["kid"] if before else "",
    }
    statement = key_statement(record)
    record["own"] = key.sign(statement).hex()
    record["endorsed"] = _private(folder, before["kid"]).sign(statement).hex() if before else ""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write(folder / f"{record['kid']}.pem", pem, 0o400)
    # Last: a key that is not in the list was never used.
    _write(folder / RECORDS, json.dumps([*known, record], indent=1).encode(), 0o444)
    return [*known, record]


def _write(path: Path, body: bytes, mode: int) -> None:
    arriving = path.with_suffix(".unfinished")
    arriving.unlink(missing_ok=True)
    descriptor = os.open(arriving, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(descriptor)
    arriving.replace(path)


def _private(folder: Path, kid: str) -> Ed25519PrivateKey:
    path = folder / f"{kid}.pem"
    if not path.is_file():
        raise SigningRefused("no_key")
    if stat.S_IMODE(path.stat().st_mode) & 0o377:
        raise SigningRefused("key_not_private")
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningRefused("no_key")
    return key


def sign(folder: Path, document: dict[str, Any]) -> str:
    """The signature in hex. Raises SigningRefused; it signs evidence of this moment, nothing else."""
    if document.get("format") not in KINDS or "signature" in document:
        raise SigningRefused("not_evidence")
    known = records(folder)
    if not known:
        raise SigningRefused("no_key")
    if document.get("kid") != known[-1]["kid"]:
        raise SigningRefused("key_replaced")
    sealed, now = document.get("sealed_unix_ms"), time.time_ns() // 1_000_000
    if not isinstance(sealed, int) or abs(now - sealed) > CLOCK_TOLERANCE_MS:
        raise SigningRefused("wrong_time")
    return _private(folder, known[-1]["kid"]).sign(message_of(document)).hex()
