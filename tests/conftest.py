"""Fixtures every test may use; the servers are started by tests/plugin.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import cache
from pytest_django.fixtures import Settings


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, settings: Settings) -> Iterator[None]:
    """Each test has its own spool and storage, so that none finds another's recordings."""
    for name in ("SPOOL_DIR", "STORAGE_DIR"):
        folder = tmp_path / name.lower()
        folder.mkdir()
        setattr(settings, name, folder)
    yield
    cache.clear()
