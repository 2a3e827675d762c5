"""Where recordings are kept for good. Keys are opaque: they tell nothing and cannot be guessed.

A put is done only when the store holds exactly the bytes it was promised (size and SHA-256);
only then may anybody delete the local file.
"""

import datetime as dt
import functools
import hashlib
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings

from common.faultpoint import faultpoint

from .states import Tier

CHUNK_BYTES = 1 << 20
_KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{64}")
Beat = Callable[[], None]
Sent = Callable[[int], None]


def untold(_sent: int) -> None:
    """For who does not want to know how far it is."""


class ChecksumMismatch(Exception):
    """What arrived is not what was promised; nothing was kept under the key."""


class StillLocked(Exception):
    """The store keeps the object until its time is over; nothing was deleted."""


class Store(Protocol):
    def put(
        self, source: Path, key: str, *, size: int, sha256: str, beat: Beat, sent: Sent = untold
    ) -> None:
        """Copy `source`; between chunks `beat` is called, and `sent` with the bytes that are there.

        Raises ChecksumMismatch, OSError.
        """

    def open(self, key: str) -> BinaryIO:
        """A seekable file. Raises FileNotFoundError."""

    def exists(self, key: str) -> bool: ...

    def retain(self, key: str, until: dt.datetime) -> None:
        """Lock the object until then, where the store can lock."""

    def hold(self, key: str, *, on: bool) -> None:
        """Lock the object whatever its time, or end that, where the store can lock."""

    def delete(self, key: str) -> None:
        """Gone for good. Raises StillLocked; a key that is not there is nothing to do."""


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

    def put(
        self, source: Path, key: str, *, size: int, sha256: str, beat: Beat, sent: Sent = untold
    ) -> None:
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        for scrap in target.parent.glob(f"{target.name}.*.tmp"):
            scrap.unlink(missing_ok=True)  # of one that was killed on the way
        arriving = target.with_name(f"{target.name}.{secrets.token_hex(4)}.tmp")
        try:
            with source.open("rb") as reader, arriving.open("wb") as writer:
                while chunk := reader.read(CHUNK_BYTES):
                    writer.write(chunk)
                    beat()
                    sent(writer.tell())
            faultpoint("store.arrived")
            # Read back what was written: the promise is about the store's bytes, not the source's.
            if arriving.stat().st_size != size or sha256_of(arriving, beat) != sha256:
                raise ChecksumMismatch(key)
            make_durable(arriving)
            faultpoint("store.verified")
            arriving.replace(target)
            faultpoint("store.placed")
            make_durable(target.parent)
        finally:
            arriving.unlink(missing_ok=True)

    def open(self, key: str) -> BinaryIO:
        return self._path(key).open("rb")

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def retain(self, key: str, until: dt.datetime) -> None:
        """A folder locks nothing: the rules of retention are kept by who deletes."""

    def hold(self, key: str, *, on: bool) -> None:
        """A folder locks nothing: a hold is kept by who deletes."""

    def delete(self, key: str) -> None:
        path = self._path(key)
        path.unlink(missing_ok=True)
        if path.parent.is_dir():
            make_durable(path.parent)


def store(tier: Tier | str = Tier.HOT) -> Store:
    """The store of this installation (STORAGE_BACKEND): plain files, or an S3-compatible server."""
    is_cold = tier == Tier.COLD and has_cold_tier()
    if settings.STORAGE_BACKEND == "local":
        return LocalStore(Path(settings.STORAGE_COLD_DIR if is_cold else settings.STORAGE_DIR))
    return _s3_store(settings.S3_COLD_BUCKET if is_cold else settings.S3_BUCKET)


def has_cold_tier() -> bool:
    """Whether the archive tier is another place at all."""
    if settings.STORAGE_BACKEND == "local":
        cold = settings.STORAGE_COLD_DIR
        return bool(cold) and Path(cold) != Path(settings.STORAGE_DIR)
    return settings.S3_COLD_BUCKET not in ("", settings.S3_BUCKET)


@functools.cache
def _s3_store(bucket: str) -> Store:
    from .s3 import S3Store, connect  # half a second of imports that plain files do not need

    client = connect(
        endpoint=settings.S3_ENDPOINT,
        region=settings.S3_REGION,
        access_key=settings.S3_ACCESS_KEY,
        secret_key=settings.S3_SECRET_KEY,
    )
    return S3Store(client, bucket, lock_mode=settings.S3_OBJECT_LOCK)
