"""`make check`: everything that can be known without running the tests. Runs all, then fails."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from tools.checks import (  # noqa: E402  # after the path
    compose_file_is_sound,
    front_end_is_sound,
    locks_have_no_addresses,
    messages_are_translated,
    packages,
    schema_is_fresh,
    vendored_files_are_as_listed,
)

BIN = Path(sys.executable).parent
# Invented values: the production profile refuses to load without its secrets.
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "interview_site.settings.prod",
    "DJANGO_SECRET_KEY": "check-" + "0123456789abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOP",
    "ALLOWED_HOSTS": "interview.example.com",
    "MEDIA_CONTROL_TOKEN": "check-only",
    "FIELD_ENCRYPTION_KEYS": "k1=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "EVIDENCE_KEY_DIR": "/nonexistent",
    "DATABASE_URL": "postgres://check:check@127.0.0.1:9/check",
    "REDIS_URL": "redis://127.0.0.1:9",
}


def run(*command: str, env: dict[str, str] | None = None) -> str:
    """Empty when the command succeeded, else what it printed."""
    found = BIN / command[0]
    program = str(found) if found.exists() else command[0]
    done = subprocess.run(
        [program, *command[1:]],
        cwd=PROJECT,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return ""
    return (done.stdout + done.stderr).strip() or f"exit code {done.returncode}"


def manage(*arguments: str, env: dict[str, str] | None = None) -> str:
    return run("python", "manage.py", *arguments, env=env)


def migrations_are_complete() -> str:
    """Asks no database: the consistency check of the history is left to `migrate`."""
    return manage(
        *("makemigrations", "--check", "--dry-run"),
        env={"DATABASE_URL": PRODUCTION["DATABASE_URL"], "PYTHONWARNINGS": "ignore"},
    )


def templates_are_sound() -> str:
    folders = [folder for folder in PROJECT.glob("**/templates") if ".venv" not in folder.parts]
    templates = [str(folder) for folder in folders if any(folder.rglob("*.html"))]
    return run("djlint", "--check", "--lint", "--quiet", *templates) if templates else ""


def typed() -> str:
    with tempfile.TemporaryDirectory() as folder:
        env = {
            "RUN_DIR": folder,
            "DATABASE_URL": PRODUCTION["DATABASE_URL"],
            "REDIS_URL": PRODUCTION["REDIS_URL"],
        }
        return run("mypy", *packages(), "tests", "tools", *benchmarks(), env=env)


def benchmarks() -> list[str]:
    return ["benchmarks"] if (PROJECT / "benchmarks").is_dir() else []


CHECKS: dict[str, Callable[[], str]] = {
    "ruff check": lambda: run("ruff", "check", "."),
    "ruff format": lambda: run("ruff", "format", "--check", "."),
    "import contracts": lambda: run("lint-imports"),
    "migrations": migrations_are_complete,
    "production settings": lambda: manage(
        "check", "--deploy", "--fail-level", "WARNING", env=PRODUCTION
    ),
    "OpenAPI schema": schema_is_fresh,
    "translations": messages_are_translated,
    "templates": templates_are_sound,
    "docker-compose.yml": compose_file_is_sound,
    "lock files": locks_have_no_addresses,
    "vendored files": vendored_files_are_as_listed,
    "front end": front_end_is_sound,
    "types": typed,
}


def main() -> int:
    chosen = sys.argv[1:] or list(CHECKS)
    failed = []
    width = shutil.get_terminal_size().columns
    for name in chosen:
        started = time.monotonic()
        complaint = CHECKS[name]()
        seconds = time.monotonic() - started
        print(f"{'FAIL' if complaint else 'ok':<5}{name} ({seconds:.1f} s)", flush=True)
        if complaint:
            failed.append(name)
            print(complaint, "-" * min(width, 80), sep="\n", flush=True)
    if failed:
        print(f"{len(failed)} of {len(chosen)} checks failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
