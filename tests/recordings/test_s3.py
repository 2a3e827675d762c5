"""The S3 store on a real server: resumed, read back, locked."""

import datetime as dt
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recordings.s3 import S3Store, StoreAway
from recordings.storage import ChecksumMismatch, StillLocked, new_key
from tests.support.deaths import Life, die_at_each_point, points
from tests.support.s3 import S3Server, s3_server

BUCKET = "recordings"
PART_BYTES = 5 << 20  # the least S3 allows


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as running:
        running.client().create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
        yield running


@pytest.fixture
def store(server: S3Server) -> S3Store:
    return S3Store(server.client(), BUCKET, lock_mode="COMPLIANCE", part_bytes=PART_BYTES)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """One whole part and a bit."""
    file = tmp_path / "large.bin"
    file.write_bytes(os.urandom(PART_BYTES + 12_345))
    return file


def put(store: S3Store, source: Path, key: str, beat: Any = lambda: None, **changes: Any) -> None:
    body = source.read_bytes()
    promise: dict[str, Any] = {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    store.put(source, key, beat=beat, **(promise | changes))


def break_off() -> None:
    """The process dies after the first part."""
    raise ConnectionAbortedError


def test_a_file_of_several_parts_is_read_from_any_place(store: S3Store, large: Path) -> None:
    key, body = new_key(), large.read_bytes()

    put(store, large, key)

    assert store.exists(key)
    with store.open(key) as file:
        file.seek(PART_BYTES - 5)
        assert file.read(10) == body[PART_BYTES - 5 : PART_BYTES + 5]
        file.seek(0)
        assert file.read() == body


def test_what_arrived_before_a_break_is_not_sent_again(
    server: S3Server, store: S3Store, large: Path
) -> None:
    key = new_key()
    with pytest.raises(ConnectionAbortedError):
        put(store, large, key, beat=break_off)
    assert not store.exists(key)

    client = server.client()
    numbers = []
    client.meta.events.register(
        "before-call.s3.UploadPart",
        lambda params, **_kw: numbers.append(params["query_string"]["partNumber"]),
    )
    put(S3Store(client, BUCKET, part_bytes=PART_BYTES), large, key)

    assert [int(number) for number in numbers] == [2]
    with store.open(key) as file:
        assert file.read() == large.read_bytes()


def test_a_part_that_is_not_what_the_file_holds_now_is_sent_again(
    store: S3Store, large: Path
) -> None:
    key = new_key()
    with pytest.raises(ConnectionAbortedError):
        put(store, large, key, beat=break_off)
    large.write_bytes(bytes(PART_BYTES) + large.read_bytes()[PART_BYTES:])

    put(store, large, key)

    with store.open(key) as file:
        assert file.read() == large.read_bytes()


@pytest.mark.parametrize("changes", [{"sha256": "0" * 64}, {"size": 1}], ids=["hash", "size"])
def test_something_else_than_promised_is_refused_and_leaves_nothing(
    store: S3Store, tmp_path: Path, changes: dict[str, Any]
) -> None:
    source, key = tmp_path / "small.bin", new_key()
    source.write_bytes(b"evidence" * 1000)

    with pytest.raises(ChecksumMismatch):
        put(store, source, key, **changes)

    assert not store.exists(key)


def test_a_locked_object_cannot_be_deleted_and_a_free_one_can(
    server: S3Server, store: S3Store, tmp_path: Path
) -> None:
    source = tmp_path / "small.bin"
    source.write_bytes(b"evidence")
    locked, free = new_key(), new_key()
    for key in (locked, free):
        put(store, source, key)
    until = dt.datetime.now(dt.UTC) + dt.timedelta(days=2)
    store.retain(locked, until)

    with pytest.raises(StillLocked):
        store.delete(locked)
    store.delete(free)
    store.delete(free)  # what is gone is gone

    with store.open(locked) as file:
        assert file.read() == b"evidence"
    assert not store.exists(free)
    with pytest.raises(StoreAway):
        store.retain(locked, until - dt.timedelta(days=1))


def test_a_legal_hold_locks_an_object_without_a_date_until_it_is_taken_off(
    server: S3Server, store: S3Store, tmp_path: Path
) -> None:
    source, key = tmp_path / "small.bin", new_key()
    source.write_bytes(b"evidence")
    put(store, source, key)

    store.hold(key, on=True)
    store.hold(key, on=True)
    with pytest.raises(StillLocked):
        store.delete(key)
    status = server.client().get_object_legal_hold(Bucket=BUCKET, Key=key)["LegalHold"]["Status"]
    store.hold(key, on=False)
    store.delete(key)

    assert status == "ON"
    assert not store.exists(key)
    with pytest.raises(StoreAway):
        store.hold(key, on=True)  # nothing there to hold


def test_a_store_that_locks_nothing_is_not_asked_to(server: S3Server, tmp_path: Path) -> None:
    client = server.client()
    client.create_bucket(Bucket="plain")
    plain, source, key = S3Store(client, "plain"), tmp_path / "small.bin", new_key()
    source.write_bytes(b"evidence")
    put(plain, source, key)

    plain.hold(key, on=True)
    plain.delete(key)

    assert not plain.exists(key)


def test_a_missing_object_is_a_missing_file(store: S3Store) -> None:
    with pytest.raises(FileNotFoundError):
        store.open(new_key())


def test_a_store_that_is_away_is_worth_another_try(server: S3Server, tmp_path: Path) -> None:
    source = tmp_path / "small.bin"
    source.write_bytes(b"evidence")
    elsewhere = S3Server(tmp_path / "never-started")

    with pytest.raises(StoreAway):
        put(S3Store(elsewhere.client(attempts=1), BUCKET), source, new_key())


def versions(server: S3Server, prefix: str) -> int:
    """Versions and delete markers: what is deleted for good leaves none."""
    listed = server.client().list_object_versions(Bucket=BUCKET, Prefix=prefix)
    return len(listed.get("Versions", [])) + len(listed.get("DeleteMarkers", []))


@pytest.mark.fault
@pytest.mark.django_db
def test_death_at_any_point_costs_one_more_try_and_leaves_one_object(
    server: S3Server, large: Path, tmp_path: Path
) -> None:
    small = tmp_path / "small.bin"
    small.write_bytes(b"evidence")
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)

    def begin() -> dict[Path, str]:
        return {large: new_key(), small: new_key()}

    def live(keys: dict[Path, str]) -> None:
        """Who is not told that a file is there puts it again, under the same key."""
        there = S3Store(server.client(), BUCKET, lock_mode="COMPLIANCE", part_bytes=PART_BYTES)
        for source, key in keys.items():
            put(there, source, key)
        there.retain(keys[large], soon)
        there.hold(keys[small], on=True)
        there.hold(keys[small], on=False)
        there.delete(keys[small])

    def whole(keys: dict[Path, str]) -> None:
        client = server.client()
        there = S3Store(client, BUCKET)
        with there.open(keys[large]) as file:
            assert file.read() == large.read_bytes()
        with pytest.raises(StillLocked):
            there.delete(keys[large])
        assert versions(server, keys[small]) == 0
        assert not client.list_multipart_uploads(Bucket=BUCKET).get("Uploads")

    life = Life(points("recordings/s3.py"), begin, live, whole)
    die_at_each_point(life, tmp_path / "trace")
