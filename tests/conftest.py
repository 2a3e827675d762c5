"""Fixtures every test may use; the servers are started by tests/plugin.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import cache
from pytest_django import DjangoDbBlocker
from pytest_django.fixtures import Settings

from tests.support import quick_flush
from tests.support.desk import served
from tests.support.system import LiveSystem, live_system_in

quick_flush.install()


@pytest.fixture(autouse=True)
def own_folders(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """Each test has its own spool, storage and keys, so that none finds another's recordings."""
    if "live_system" in request.fixturenames:
        yield  # it has its folders, and its cache is not this process's
        return
    settings: Settings = request.getfixturevalue("settings")
    for name in ("SPOOL_DIR", "STORAGE_DIR", "EVIDENCE_KEY_DIR"):
        folder = tmp_path / name.lower()
        folder.mkdir()
        setattr(settings, name, folder)
    yield
    cache.clear()


@pytest.fixture(scope="module")
def live_system(
    tmp_path_factory: pytest.TempPathFactory,
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[LiveSystem]:
    """Web, media worker, Celery and beat with demo data, shared by the tests of one module.

    Do not combine with `db`: the tests see what the processes commit, and nothing is rolled back.
    """
    with (
        pytest.MonkeyPatch.context() as patch,
        django_db_blocker.unblock(),
        live_system_in(tmp_path_factory.mktemp("live")) as system,
    ):
        # Playwright's synchronous API keeps a loop running in this thread; the ORM is still alone in it.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield system


@pytest.fixture
def base_url(transactional_db: None) -> Iterator[str]:
    """The address of the site, served from this process on this test's rows."""
    with served() as url:
        yield url
