"""A scratch installation for benchmarks: real PostgreSQL, real Valkey, migrated; Django set up."""

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from operations.embedded import Postgres, Valkey, running  # noqa: E402  # after the path


@contextmanager
def scratch() -> Iterator[Path]:
    """Until the block is left; yields its folder. Child processes inherit the addresses."""
    with tempfile.TemporaryDirectory(prefix="interview-bench-") as name:
        folder = Path(name)
        postgres, valkey = Postgres(folder / "pg", durable=False), Valkey(folder / "valkey")
        with (
            running(postgres, folder / "postgres.log"),
            running(valkey, folder / "valkey.log"),
        ):
            postgres.ensure_database("interview")
            os.environ["DATABASE_URL"] = postgres.url("interview")
            os.environ["REDIS_URL"] = valkey.url
            os.environ["DJANGO_SETTINGS_MODULE"] = "interview_site.settings.test"
            for key in ("RUN_DIR", "SPOOL_DIR", "STORAGE_DIR"):
                path = folder / key.lower()
                path.mkdir()
                os.environ[key] = str(path)
            (folder / "run_dir" / "static").mkdir()
            import django

            django.setup()
            from django.core.management import call_command

            call_command("migrate", verbosity=0)
            yield folder
            from django.db import connections

            connections.close_all()


@contextmanager
def system(folder: Path) -> Iterator[Any]:
    """Every process of the product on servers of its own."""
    postgres, valkey = Postgres(folder / "pg", durable=False), Valkey(folder / "valkey")
    with running(postgres, folder / "pg.log"), running(valkey, folder / "valkey.log"):
        postgres.ensure_database("bench")
        os.environ["DATABASE_URL"] = postgres.url("bench")
        os.environ["REDIS_URL"] = valkey.url
        os.environ["DJANGO_SETTINGS_MODULE"] = "interview_site.settings.test"
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's loop runs in this thread
        os.environ.update({name: str(folder) for name in ("RUN_DIR", "SPOOL_DIR", "STORAGE_DIR")})
        import django

        django.setup()
        from tests.support.system import live_system_in

        with live_system_in(folder / "live") as live:
            yield live


def p95(values: list[float]) -> float:
    """The nearest-rank 95th percentile."""
    ordered = sorted(values)
    return ordered[max(0, -(-95 * len(ordered) // 100) - 1)]


@contextmanager
def web_server(folder: Path) -> Iterator[tuple[int, int]]:
    """A web process as `operations.programs` starts it, on the scratch servers: (port, pid)."""
    from operations.children import spawn, stop, wait_until
    from operations.embedded import free_port
    from operations.programs import get_json

    port = free_port()
    command = [
        *(sys.executable, "-W", "ignore", "-m", "uvicorn", "interview_site.asgi:application"),
        *("--host", "127.0.0.1", "--port", str(port), "--lifespan", "off"),
        *("--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "1"),
    ]
    with (folder / "web.log").open("ab") as output:
        process = spawn(command, env=os.environ, output=output)
        try:
            wait_until(lambda: get_json(port, "/healthz")[0] == 200, within_s=30)
            yield port, process.pid
        finally:
            stop(process, signal.SIGTERM, patience_s=3)


def session_cookie(user: Any) -> str:
    """A logged-in browser's cookie header."""
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"
