"""`make run`: the whole system on one machine, from one command. Imports no Django: it starts fast.

Order: servers, migrations when they changed, then web, media worker, Celery and demo data at once;
ready when each of them answered. Ctrl-C or SIGTERM stops everything; if this process is killed the
kernel takes the children with it.
"""

import argparse
import hashlib
import os
import signal
import sys
import time
from pathlib import Path

from operations import environment, preflight
from operations.children import die_with_parent
from operations.console import Console
from operations.demo_logins import (
    CREDIT_PATH,
    CUSTOMER_PATH,
    DEMO_LOGINS,
    MANAGER_PATH,
    PASSWORD,
)
from operations.embedded import Postgres, Valkey, free_port
from operations.programs import LOOPBACK, Place, simulator_environment
from operations.refusals import CannotStart
from operations.supervisor import Program, Supervisor

READY_WITHIN_S = 120.0
STOP_WITHIN_S = 4.5


def migrations_fingerprint() -> str:
    """Changes when a migration of ours or a locked package changes."""
    digest = hashlib.sha256((environment.PROJECT / "requirements" / "base.txt").read_bytes())
    for path in sorted(environment.PROJECT.glob("*/migrations/*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


class Installation:
    """One run folder with everything that lives in it."""

    def __init__(self, folder: Path, host: str, port: int, console: Console) -> None:
        self.folder = folder
        self.host, self.port = host, port
        self.console = console
        self.supervisor = Supervisor(console, cwd=environment.PROJECT)
        self.env = dict(os.environ)

    def start(self) -> None:
        """Bring everything up. Raises CannotStart; returns early when a stop was asked for."""
        self._set_environment()
        self._start_servers()
        environment.announce(self.folder, self._shared())
        if self.supervisor.stop_asked():
            return
        self._migrate()
        if self.supervisor.stop_asked():
            return
        demo = self.supervisor.begin("demo", self._manage("load_demo"), self.env)
        place = Place(self.host, self.port, free_port(), self.folder, self.env)
        for program in place.programs():
            self.supervisor.start(program, self.env)
        self.supervisor.finish("demo", demo)
        self.supervisor.wait_for_answers(READY_WITHIN_S)

    @property
    def web_url(self) -> str:
        shown = LOOPBACK if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        return f"http://{shown}:{self.port}"

    def _set_environment(self) -> None:
        for key, value in environment.kept_secrets(self.folder).items():
            self.env.setdefault(key, value)
        defaults = {
            "DJANGO_SETTINGS_MODULE": "interview_site.settings.dev",
            "RUN_DIR": str(self.folder),
            "SPOOL_DIR": str(self.folder / "spool"),
            "STORAGE_DIR": str(self.folder / "storage"),
            "WEB_INTERNAL_URL": self.web_url,
            "MEDIA_WORKER_ID": "media-1",
            "PYTHONUNBUFFERED": "1",
        }
        if self.env.get("SIMULATOR"):
            self.env.update(simulator_environment(free_port()))
        for key, value in defaults.items():
            self.env.setdefault(key, value)
        if self.host not in (LOOPBACK, "localhost"):
            self.env.setdefault("ALLOWED_HOSTS", self.host)
        for key in ("SPOOL_DIR", "STORAGE_DIR"):
            Path(self.env[key]).mkdir(parents=True, exist_ok=True)
        (self.folder / "static").mkdir(exist_ok=True)  # WhiteNoise warns of a missing one

    def _shared(self) -> dict[str, str]:
        names = (
            *("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "DJANGO_SECRET_KEY"),
            *("MEDIA_CONTROL_TOKEN", "FIELD_ENCRYPTION_KEYS", "WEB_INTERNAL_URL"),
            *("RUN_DIR", "SPOOL_DIR", "STORAGE_DIR", "MEDIA_WORKER_ID"),
            *("CREDIT_BACKEND", "CREDIT_URL", "RECOGNITION_URL"),
        )
        return {name: self.env[name] for name in names if name in self.env}

    def _start_servers(self) -> None:
        postgres: Postgres | None = None
        self._fresh = False
        if not self.env.get("DATABASE_URL"):
            postgres = Postgres(self.folder / "pg")
            self._fresh = postgres.prepare()
            self.env["DATABASE_URL"] = postgres.url("interview")
            self._start_server(postgres)
        if not self.env.get("REDIS_URL"):
            valkey = Valkey(self.folder / "valkey")
            valkey.prepare()
            self.env["REDIS_URL"] = valkey.url
            self._start_server(valkey)
        self.supervisor.wait_for_answers(READY_WITHIN_S)
        if postgres is not None and not self.supervisor.stop_asked():
            postgres.ensure_database("interview")

    def _start_server(self, server: Postgres | Valkey) -> None:
        program = Program(
            server.name,
            server.command(),
            server.answers,
            ask=server.ask,
            death_signal=server.ask,
            quiet=True,
        )
        self.supervisor.start(program, self.env)

    def _migrate(self) -> None:
        """Skipped when our own cluster already has exactly these migrations: it saves seconds."""
        stamp = self.folder / "migrated"
        fingerprint = migrations_fingerprint()
        own_cluster = "postgres" in self.supervisor.names
        known = own_cluster and not self._fresh and stamp.exists()
        if known and stamp.read_text() == fingerprint:
            return
        self.console.say("正在更新数据库结构（migrating）…")
        migrate = self._manage("migrate", "--no-input", "--verbosity", "0")
        self.supervisor.run_to_end("migrate", migrate, self.env)
        if own_cluster and not self.supervisor.stop_asked():
            stamp.write_text(fingerprint)

    def _manage(self, *arguments: str) -> list[str]:
        return [sys.executable, "manage.py", *arguments]


def greeting(url: str, seconds: float) -> str:
    lines = [
        "",
        f"系统已就绪（ready，{seconds:.1f} 秒）  {url}",
        f"  原银在线    {url}{CUSTOMER_PATH}  移动营销  {url}{MANAGER_PATH}  信贷系统  {url}{CREDIT_PATH}",
        *(f"  {login.title}  {url}{login.path}  工号 {login.username}" for login in DEMO_LOGINS),
        f"  演示密码    {PASSWORD}",
        f"  健康检查    {url}/healthz  {url}/readyz",
        "  按 Ctrl-C 停止（Ctrl-C stops everything）",
        "",
    ]
    return "\n".join(lines)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make run", description="Start the whole system.")
    parser.add_argument("--host", default=os.environ.get("HOST") or LOOPBACK)
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))
    parser.add_argument(
        "--with-parent", action="store_true", help="stop when the process that started this dies"
    )
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    if arguments.with_parent:
        die_with_parent(signal.SIGTERM)
    folder = environment.run_dir()
    console: Console | None = None
    try:
        preflight.make_run_folder(folder)
        preflight.take_folder(folder)
        preflight.require_disk(folder)
        preflight.require_free_port(arguments.host, arguments.port)
        console = Console(folder / "logs")
        return run(Installation(folder, arguments.host, arguments.port, console))
    except CannotStart as refusal:
        say = console.say if console else lambda text, *, alert: print(text, flush=True)
        say(f"无法启动：{refusal}\n怎么办：{refusal.remedy}", alert=True)
        return 1
    finally:
        if console:
            console.close()


def run(installation: Installation) -> int:
    """Start, watch, stop; whatever happens, nothing is left running."""
    started = time.monotonic()
    supervisor, console = installation.supervisor, installation.console
    supervisor.listen_to_signals()
    console.say("正在启动（starting）…")
    try:
        installation.start()
        if not supervisor.stop_asked():
            console.say(greeting(installation.web_url, time.monotonic() - started))
            supervisor.watch()
    except CannotStart:
        if not supervisor.stop_asked():
            raise
    finally:
        console.say("正在停止（stopping）…")
        stopping = time.monotonic()
        supervisor.stop_all(STOP_WITHIN_S)
        environment.withdraw(installation.folder)
        console.say(f"已全部停止（stopped，{time.monotonic() - stopping:.1f} 秒）")
    return 0


if __name__ == "__main__":
    sys.exit(main())
