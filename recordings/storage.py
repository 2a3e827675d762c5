"""Where recordings are kept for good. Keys are opaque: they tell nothing and cannot be guessed.

A put is done only when the store holds exactly the bytes it was promised (size and SHA-256);
only then may anybody delete the local file.
"""

import hashlib
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings

CHUNK_BYTES = 1 << 20
_KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{64}")
Beat = Callable[[], None]


class ChecksumMismatch(Exception):
    """What arrived is not what was promised; nothing was kept under the key."""


class Store(Protocol):
    def put(self, source: Path, key: str, *, size: int, sha256: str, beat: Beat) -> None:
        """Copy `source`; `beat` is called between chunks. Raises ChecksumMismatch, OSError."""

    def open(self, key: str) -> BinaryIO:
        """A seekable file. Raises FileNotFoundError."""

    def exists(self, key: str) -> bool: ...


def new_key() -> str:
    name = secrets.token_hex(32)
    return f"{name[:2]}/{name}"


def sha256_of(path: Path, beat: Beat = lambda: None) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            beat()
    return digest.hexdigest()


def make_durable(path: Path) -> None:
    """Flush a file's or folder's bytes to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class LocalStore:
    """Files under one folder, each put in place whole or not at all."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise FileNotFoundError(key)
        return self._root / key

    def put(self, source: Path, key: str, *, size: int, sha256: str, beat: Beat) -> None:
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        arriving = target.with_name(f"{target.name}.{secrets.token_hex(4)}.tmp")
        try:
            with source.open("rb") as reader, arriving.open("wb") as writer:
                while chunk := reader.read(CHUNK_BYTES):
                    writer.write(chunk)
                    beat()
            # Read back what was written: the promise is about the store's bytes, not the source's.
            if arriving.stat().st_size != size or sha256_of(arriving, beat) != sha256:
                raise ChecksumMismatch(key)
            make_durable(arriving)
            arriving.replace(target)
            make_durable(target.parent)
        finally:
            arriving.unlink(missing_ok=True)

    def open(self, key: str) -> BinaryIO:
        return self._path(key).open("rb")

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()


def store() -> Store:
    return LocalStore(Path(settings.STORAGE_DIR))
