"""The processes of one machine and how each shows that it works. Imports no Django."""

import http.client
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from common.queues import LONG, SHORT
from operations.supervisor import Program

LOOPBACK = "127.0.0.1"
# Its warning about root is about pickled messages, which are not accepted here.
_CELERY = (
    *(sys.executable, "-W", "ignore:You're running the worker with superuser"),
    *("-m", "celery", "--quiet", "-A", "interview_site"),
)


def get_json(port: int, path: str, token: str = "") -> tuple[int, dict[str, object]]:
    """One small GET on loopback; status 0 when nobody answered in time."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = json.loads(response.read())
    except (OSError, ValueError, http.client.HTTPException):
        return 0, {}
    finally:
        connection.close()
    return response.status, body if isinstance(body, dict) else {}


def simulator_environment(port: int) -> dict[str, str]:
    """What makes every process speak to a simulator of the bank on this port."""
    return {
        "BANK_SIMULATOR_PORT": str(port),
        "CREDIT_BACKEND": "http",
        "CREDIT_URL": f"http://{LOOPBACK}:{port}",
        "RECOGNITION_URL": f"http://{LOOPBACK}:{port}",
    }


# A frame that unpacks into a thousand times its size costs the memory before anybody can refuse it:
# no compression, and nothing is read beyond this (the largest frame of ours is an offer, 128 KiB).
SOCKET_BOUNDS = ("--ws-max-size", "1048576", "--ws-per-message-deflate", "false")


@dataclass(frozen=True)
class Place:
    """Where one installation listens and writes; `env` is what all its processes share."""

    host: str
    port: int
    control_port: int
    folder: Path
    env: Mapping[str, str]

    def programs(self) -> list[Program]:
        bank = [self._bank()] if self.env.get("BANK_SIMULATOR_PORT") else []
        short = self._worker("celery", SHORT, 8, "--without-heartbeat")
        long = self._worker("celery-long", LONG, 4)  # its heartbeat is its sign of life
        return [*bank, self._web(), self._media(), short, long, self._beat()]

    def _bank(self) -> Program:
        """The bank's side as a process of its own (`make run SIMULATOR=1`)."""
        port = int(self.env["BANK_SIMULATOR_PORT"])
        command = [sys.executable, "manage.py", "bank_simulator", "--port", str(port)]
        return Program("bank", command, lambda: get_json(port, "/health")[0] == 200)

    def _web(self) -> Program:
        command = [
            *(sys.executable, "-m", "uvicorn", "interview_site.asgi:application"),
            *("--host", self.host, "--port", str(self.port), "--lifespan", "off"),
            *("--no-access-log", "--timeout-graceful-shutdown", "1", "--log-level", "warning"),
            *SOCKET_BOUNDS,
        ]
        return Program("web", command, self.sees("database", "migrations"))

    def _media(self) -> Program:
        command = [
            *(sys.executable, "-m", "media_worker", "--control-port", str(self.control_port)),
            *("--web-url", self.env["WEB_INTERNAL_URL"], "--spool", self.env["SPOOL_DIR"]),
            *("--worker-id", self.env["MEDIA_WORKER_ID"]),
        ]
        seen = self.sees("media")

        def answers() -> bool:
            token = self.env["MEDIA_CONTROL_TOKEN"]
            status, _ = get_json(self.control_port, "/v1/health", token)
            return status == 200 and seen()

        return Program("media", command, answers)

    def _worker(self, name: str, queue: str, threads: int, *more: str) -> Program:
        # Threads: encoding releases the interpreter, and no child of a child can be left behind.
        command = [
            *(*_CELERY, "worker", "--queues", queue, "--hostname", f"{queue}@%h"),
            *("--pool", "threads", "--concurrency", str(threads), "--loglevel", "WARNING"),
            *("--without-gossip", "--without-mingle", *more),
        ]
        return Program(name, command, self.sees(name))

    def _beat(self) -> Program:
        schedule = str(self.folder / "beat-schedule")
        command = [
            *(*_CELERY, "beat"),
            *("--loglevel", "WARNING", "--schedule", schedule, "--pidfile="),
        ]
        return Program("beat", command, self.sees("celery"))

    def sees(self, *names: str) -> Callable[[], bool]:
        """Whether /readyz says that these parts work; it sees each of them from the web's side."""

        def holds() -> bool:
            _, body = get_json(self.port, "/readyz")
            checks = body.get("checks")
            return isinstance(checks, dict) and all(checks[name]["ok"] for name in names)

        return holds
