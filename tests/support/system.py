"""The real processes - web, media worker, Celery, beat - against a database of their own."""

import functools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.test.utils import override_settings

from operations.children import spawn, stop, wait_until
from operations.embedded import Valkey, free_port, running
from operations.environment import PROJECT, kept_secrets
from operations.programs import LOOPBACK, Place
from operations.supervisor import Program

READY_WITHIN_S = 90.0


class LiveSystem:
    """A running system. Its rows are this process's rows: use the ORM as in any test.

    `base_url` is the web's address; `spool`, `storage` and `logs` are its folders. Nothing is
    restarted by itself: `kill` and `start` play the supervisor's part.
    """

    def __init__(self, folder: Path, database_url: str, redis_url: str) -> None:
        self.folder = folder
        self.spool, self.storage, self.logs = folder / "spool", folder / "storage", folder / "logs"
        for each in (self.spool, self.storage, self.logs):
            each.mkdir(parents=True)
        self.port = free_port()
        self.base_url = f"http://{LOOPBACK}:{self.port}"
        self.env = {
            **os.environ,
            **kept_secrets(folder),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "DJANGO_SETTINGS_MODULE": "interview_site.settings.dev",
            "RUN_DIR": str(folder),
            "SPOOL_DIR": str(self.spool),
            "STORAGE_DIR": str(self.storage),
            "WEB_INTERNAL_URL": self.base_url,
            "MEDIA_WORKER_ID": "media-1",
            # Nobody listens there until a test does (tests/support/bank.py).
            "RECOGNITION_URL": f"http://{LOOPBACK}:{free_port()}",
            "PYTHONUNBUFFERED": "1",
        }
        place = Place(LOOPBACK, self.port, free_port(), folder, self.env)
        self._programs = {program.name: program for program in place.programs()}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str) -> None:
        """Start these programs (all when none is named) and wait until each answers."""
        wanted = [self._programs[name] for name in names or self._programs]
        for program in wanted:
            with self.log_file(program.name).open("ab") as output:
                self._running[program.name] = spawn(
                    program.command, env=self.env, output=output, cwd=PROJECT
                )
        for program in wanted:
            self._wait_for(program)

    def kill(self, name: str) -> None:
        """SIGKILL, as the kernel does when memory runs out."""
        stop(self._running[name], signal.SIGKILL, patience_s=5)

    def terminate(self, name: str, patience_s: float = 5) -> bool:
        """SIGTERM. True when it went by itself in time."""
        return stop(self._running[name], signal.SIGTERM, patience_s)

    def manage(self, *arguments: str) -> str:
        """Run a management command against this system; returns what it printed."""
        command = [self._programs["web"].command[0], "manage.py", *arguments]
        done = subprocess.run(
            command, env=self.env, cwd=PROJECT, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise AssertionError(f"manage.py {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def log_file(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def log(self, name: str) -> str:
        return self.log_file(name).read_text(errors="replace")

    def close(self) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            stop(process, signal.SIGTERM, patience_s=4)

    def _wait_for(self, program: Program) -> None:
        process = self._running[program.name]
        wait_until(lambda: process.poll() is not None or program.answers(), within_s=READY_WITHIN_S)
        if process.poll() is not None or not program.answers():
            raise AssertionError(f"{program.name} does not answer:\n{self.log(program.name)}")


@contextmanager
def live_system_in(folder: Path, *, demo: bool = True) -> Iterator[LiveSystem]:
    """A system on a fresh database of its own, with demo data unless told otherwise."""
    valkey = Valkey(folder / "valkey")  # its own: the test run's groups and caches stay apart
    with _own_database() as url, running(valkey, folder / "valkey.log"):
        system = LiveSystem(folder / "system", url, valkey.url)
        same = {
            "SPOOL_DIR": system.spool,
            "STORAGE_DIR": system.storage,
            "MEDIA_CONTROL_TOKEN": system.env["MEDIA_CONTROL_TOKEN"],
            "FIELD_ENCRYPTION_KEYS": dict(
                [system.env["FIELD_ENCRYPTION_KEYS"].split("=", 1)],
            ),
            "SECRET_KEY": system.env["DJANGO_SECRET_KEY"],
        }
        try:
            with override_settings(**same):
                if demo:
                    system.manage("load_demo")
                system.start()
                yield system
        finally:
            system.close()


@contextmanager
def _own_database() -> Iterator[str]:
    """A database with every migration and no rows; this process's connection moves there meanwhile."""
    template = _migrated()
    before = connection.settings_dict["NAME"]
    name = f"live_{os.getpid()}"
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    connection.settings_dict["NAME"] = name
    try:
        yield _url(name)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@functools.cache
def _migrated() -> str:
    """Made once in a test run: migrating takes longer than most tests. The next run replaces it."""
    name = "live_template"
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}"')
    command = [sys.executable, "manage.py", "migrate", "-v0"]
    subprocess.run(command, env={**os.environ, "DATABASE_URL": _url(name)}, cwd=PROJECT, check=True)
    return name


def _url(name: str) -> str:
    server = settings.DATABASES["default"]
    port = f":{server['PORT']}" if server.get("PORT") else ""
    return f"postgres://{server['USER']}:{server['PASSWORD']}@{server['HOST']}{port}/{name}"
