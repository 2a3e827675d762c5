"""Starts PostgreSQL and Valkey for a test run that was given none. Loaded with `-p tests.plugin`.

It has to happen before pytest-django reads the settings, which is earlier than any conftest. The
controller of a parallel run starts one PostgreSQL, in which each worker has its own test database;
every worker starts a Valkey of its own, because channel groups and caches know no test databases.
"""

import atexit
import contextlib
import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from operations.embedded import Postgres, Valkey, running

_servers = contextlib.ExitStack()


def _temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="interview-tests-"))
    _servers.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _start_what_is_missing() -> None:
    folder = _temporary_folder()
    os.environ["RUN_DIR"] = str(folder)
    os.environ["SPOOL_DIR"] = str(folder / "spool")
    os.environ["STORAGE_DIR"] = str(folder / "storage")
    (folder / "static").mkdir()  # WhiteNoise warns of a missing folder, and warnings are errors
    if "DATABASE_URL" not in os.environ:
        postgres = Postgres(folder / "pg", durable=False)
        _servers.enter_context(running(postgres, folder / "logs" / "postgres.log"))
        os.environ["DATABASE_URL"] = postgres.url("interview")
    if os.environ.get("REDIS_URL", "") == os.environ.get("TEST_VALKEY_OF_PARENT", ""):
        valkey = Valkey(folder / "valkey")
        _servers.enter_context(running(valkey, folder / "logs" / "valkey.log"))
        os.environ["REDIS_URL"] = os.environ["TEST_VALKEY_OF_PARENT"] = valkey.url


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    asked_only = early_config.known_args_namespace
    if not (asked_only.help or asked_only.version):
        _start_what_is_missing()
        # A run that is broken off before pytest_unconfigure must not leave its folder behind.
        atexit.register(_servers.close)
    yield


def pytest_unconfigure() -> None:
    _servers.close()
