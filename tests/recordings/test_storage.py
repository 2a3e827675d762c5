"""A file is stored when the store holds exactly what was promised, else not at all."""

import hashlib
from pathlib import Path

import pytest

from recordings.storage import ChecksumMismatch, LocalStore, new_key


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "source.bin"
    file.write_bytes(b"evidence" * 1000)
    return file


def put(store: LocalStore, source: Path, key: str, **changes: object) -> None:
    promise: dict[str, object] = {
        "size": source.stat().st_size,
        "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
    }
    store.put(source, key, beat=lambda: None, **(promise | changes))  # type: ignore[arg-type]


def test_what_was_put_can_be_read_from_any_place(tmp_path: Path, source: Path) -> None:
    store, key = LocalStore(tmp_path / "store"), new_key()

    put(store, source, key)

    with store.open(key) as file:
        file.seek(8)
        assert file.read(8) == b"evidence"


@pytest.mark.parametrize("changes", [{"sha256": "0" * 64}, {"size": 1}], ids=["hash", "size"])
def test_something_else_than_promised_is_refused_and_leaves_nothing(
    tmp_path: Path, source: Path, changes: dict[str, object]
) -> None:
    store, key = LocalStore(tmp_path / "store"), new_key()

    with pytest.raises(ChecksumMismatch):
        put(store, source, key, **changes)

    assert not store.exists(key)
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("key", ["../secret", "/etc/passwd", "ab/short", ""])
def test_a_key_is_never_a_path(tmp_path: Path, key: str) -> None:
    with pytest.raises(FileNotFoundError):
        LocalStore(tmp_path).open(key)
