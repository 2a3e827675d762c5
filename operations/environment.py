"""The variables every process of one installation shares. Standard library only.

The supervisor makes the secrets up once, keeps them in the run folder (0600), and writes down the
addresses of the running system, so that `manage.py <command>` in another terminal talks to it.
"""

import base64
import json
import os
import secrets
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def run_dir() -> Path:
    return Path(os.environ.get("RUN_DIR") or PROJECT / "run").resolve()


def _write_private(path: Path, values: dict[str, str]) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(values, file, indent=1)
    unfinished.replace(path)


def _read(path: Path) -> dict[str, str]:
    return {str(key): str(value) for key, value in json.loads(path.read_text()).items()}


def kept_secrets(folder: Path) -> dict[str, str]:
    """The installation's own secrets; data encrypted with them is lost with `secrets.json`."""
    path = folder / "secrets.json"
    if not path.exists():
        field_key = base64.b64encode(secrets.token_bytes(32)).decode()
        _write_private(
            path,
            {
                "DJANGO_SECRET_KEY": secrets.token_urlsafe(48),
                "MEDIA_CONTROL_TOKEN": secrets.token_urlsafe(32),
                "FIELD_ENCRYPTION_KEYS": f"k1={field_key}",
            },
        )
    return _read(path)


def announce(folder: Path, values: dict[str, str]) -> None:
    """Write down how to reach the system that is starting."""
    _write_private(folder / "environment.json", values)


def withdraw(folder: Path) -> None:
    (folder / "environment.json").unlink(missing_ok=True)


def adopt_running_system() -> None:
    """Take over the running system's variables, unless this process was told its own database."""
    path = run_dir() / "environment.json"
    if "DATABASE_URL" not in os.environ and path.exists():
        for key, value in _read(path).items():
            os.environ.setdefault(key, value)
