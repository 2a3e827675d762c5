"""An S3-compatible store: parts that are resumed, read back and hashed, locked where it can lock.

Keys are put once and never written over. Of a bucket with versions the newest version counts: who
dies between an object's arrival and its confirmation puts it again. All versions go together.
"""

import base64
import contextlib
import datetime as dt
import hashlib
import io
from pathlib import Path
from typing import Any, BinaryIO, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from common.faultpoint import faultpoint

from .storage import Beat, ChecksumMismatch, Sent, StillLocked, untold

PART_BYTES = 8 << 20  # above S3's least, 5 MiB; a torn connection costs one of them
READ_BYTES = 1 << 20
_MISSING = {"404", "NoSuchKey", "NotFound", "NoSuchBucket"}
_LOCKED = {"AccessDenied", "ObjectLocked", "InvalidRequest", "403"}


class StoreAway(OSError):
    """The store did not answer, or refused for its own reasons: worth another try."""


class S3Store:
    """One bucket. `lock_mode` is COMPLIANCE or GOVERNANCE where the bucket has object lock."""

    def __init__(
        self, client: Any, bucket: str, *, lock_mode: str = "", part_bytes: int = PART_BYTES
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._lock_mode = lock_mode
        self._part_bytes = part_bytes

    # -- writing

    def put(
        self, source: Path, key: str, *, size: int, sha256: str, beat: Beat, sent: Sent = untold
    ) -> None:
        try:
            if size <= self._part_bytes:
                self._put_whole(source, key)
            else:
                self._put_parts(source, key, size, beat, sent)
            arrived, length = self._digest(key, beat)
        except (ClientError, BotoCoreError) as error:
            raise StoreAway(_told(error)) from error
        if length != size or arrived != sha256:
            with contextlib.suppress(
                StillLocked
            ):  # a bucket may lock what arrives; it counts as not
                self.delete(key)  # there, and the next put under the key is a newer version
            raise ChecksumMismatch(key)

    def _put_whole(self, source: Path, key: str) -> None:
        body = source.read_bytes()
        self._client.put_object(
            Bucket=self._bucket, Key=key, Body=body, ChecksumSHA256=_checksum(body)
        )
        faultpoint("bucket.placed")

    def _put_parts(self, source: Path, key: str, size: int, beat: Beat, sent: Sent) -> None:
        """What arrived before a break is not sent again: parts are compared by their checksums."""
        upload, there = self._begun(key)
        parts: list[Any] = []
        with source.open("rb") as file:
            for number in range(1, -(-size // self._part_bytes) + 1):
                body = file.read(self._part_bytes)
                tag = hashlib.md5(body, usedforsecurity=False).hexdigest()
                if there.get(number) != tag:
                    taken = self._client.upload_part(
                        Bucket=self._bucket,
                        Key=key,
                        UploadId=upload,
                        PartNumber=number,
                        Body=body,
                    )
                    tag = taken["ETag"].strip('"')
                    faultpoint("bucket.part_sent")
                parts.append({"PartNumber": number, "ETag": tag})
                beat()
                sent(file.tell())
        self._client.complete_multipart_upload(
            Bucket=self._bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}
        )
        faultpoint("bucket.completed")

    def _begun(self, key: str) -> tuple[str, dict[int, str]]:
        """An upload of this key that was broken off, with its parts' tags; else a new one."""
        found = self._client.list_multipart_uploads(Bucket=self._bucket, Prefix=key)
        for upload in found.get("Uploads", []):
            if upload.get("Key") != key:
                continue
            pages = self._client.get_paginator("list_parts").paginate(
                Bucket=self._bucket, Key=key, UploadId=upload["UploadId"]
            )
            parts = [part for page in pages for part in page.get("Parts", [])]
            return upload["UploadId"], {p["PartNumber"]: p["ETag"].strip('"') for p in parts}
        made = self._client.create_multipart_upload(Bucket=self._bucket, Key=key)
        faultpoint("bucket.begun")
        return made["UploadId"], {}

    def _digest(self, key: str, beat: Beat) -> tuple[str, int]:
        """SHA-256 and size of what the store really holds: the whole object is read back."""
        digest, length = hashlib.sha256(), 0
        body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
        for chunk in body.iter_chunks(READ_BYTES):
            digest.update(chunk)
            length += len(chunk)
            beat()
        return digest.hexdigest(), length

    # -- reading

    def open(self, key: str) -> BinaryIO:
        head = self._head(key)
        if head is None:
            raise FileNotFoundError(key)
        raw = _Ranges(self._client, self._bucket, key, int(head["ContentLength"]))
        return cast(BinaryIO, io.BufferedReader(raw, READ_BYTES))

    def exists(self, key: str) -> bool:
        return self._head(key) is not None

    def _head(self, key: str) -> Any:
        try:
            return self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if _code(error) in _MISSING:
                return None
            raise StoreAway(_told(error)) from error
        except BotoCoreError as error:
            raise StoreAway(_told(error)) from error

    # -- keeping and deleting

    def retain(self, key: str, until: dt.datetime) -> None:
        """Lock the object until then, where the bucket locks. It can be prolonged, never cut."""
        if not self._lock_mode:
            return
        try:
            self._client.put_object_retention(
                Bucket=self._bucket,
                Key=key,
                Retention={
                    "Mode": self._lock_mode,
                    "RetainUntilDate": until,
                },
            )
            faultpoint("bucket.locked")
        except (ClientError, BotoCoreError) as error:
            raise StoreAway(_told(error)) from error

    def hold(self, key: str, *, on: bool) -> None:
        """A legal hold on the object, where the bucket locks; it stands beside the time of `retain`."""
        if not self._lock_mode:
            return
        try:
            for version in self._versions(key) or [{}]:
                self._client.put_object_legal_hold(
                    Bucket=self._bucket,
                    Key=key,
                    LegalHold={"Status": "ON" if on else "OFF"},
                    **version,
                )
                faultpoint("bucket.held")
        except (ClientError, BotoCoreError) as error:
            raise StoreAway(_told(error)) from error

    def delete(self, key: str) -> None:
        """Gone for good, with its versions. Raises StillLocked; a missing key is nothing to do."""
        head = self._head(key)
        if head is None:
            return
        try:
            for version in self._versions(key) if head.get("VersionId") else [{}]:
                self._client.delete_object(Bucket=self._bucket, Key=key, **version)
                faultpoint("bucket.deleted")
        except ClientError as error:
            if _code(error) in _LOCKED:
                raise StillLocked(key) from error
            raise StoreAway(_told(error)) from error
        except BotoCoreError as error:
            raise StoreAway(_told(error)) from error

    def _versions(self, key: str) -> list[dict[str, str]]:
        """The newest first."""
        found = self._client.list_object_versions(Bucket=self._bucket, Prefix=key)
        return [
            {"VersionId": version["VersionId"]}
            for version in found.get("Versions", [])
            if version["Key"] == key
        ]


class _Ranges(io.RawIOBase):
    """A file whose bytes are asked for when they are read, from a reused connection."""

    def __init__(self, client: Any, bucket: str, key: str, size: int) -> None:
        self._client, self._bucket, self._key, self._size = client, bucket, key, size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        end = min(self._at + len(buffer), self._size)
        if end <= self._at:
            return 0
        try:
            answer = self._client.get_object(
                Bucket=self._bucket, Key=self._key, Range=f"bytes={self._at}-{end - 1}"
            )
            body = answer["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise StoreAway(_told(error)) from error
        buffer[: len(body)] = body
        self._at += len(body)
        return len(body)


def _checksum(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _told(error: ClientError | BotoCoreError) -> str:
    """What to log: never the request, which carries a signature."""
    return _code(error) if isinstance(error, ClientError) else type(error).__name__


def connect(
    *, endpoint: str, region: str, access_key: str, secret_key: str, attempts: int = 3
) -> Any:
    """A client with timeouts; path-style addresses, which every compatible server knows."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint or None,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            connect_timeout=5,
            read_timeout=30,
            retries={"max_attempts": attempts, "mode": "standard"},
        ),
    )
