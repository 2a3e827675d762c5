"""`python -m operations.run` as an operator meets it: the real command, the real processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from operations.children import wait_until
from operations.embedded import free_port
from operations.environment import PROJECT
from operations.programs import get_json

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
STARTED_WITHIN_S = 180


@dataclass
class System:
    process: subprocess.Popen[bytes]
    folder: Path
    port: int

    @property
    def output(self) -> str:
        return (self.folder.parent / "output").read_text()

    def started(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(self.output)
        return "系统已就绪" in self.output

    def processes(self) -> list[str]:
        """Command lines of everything that belongs to this run folder, in any session."""
        found = []
        for status in Path("/proc").glob("[0-9]*"):
            try:
                told = (status / "environ").read_bytes() + (status / "cmdline").read_bytes()
                command = (status / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:  # ended meanwhile, or another user's
                continue
            if str(self.folder).encode() in told and int(status.name) != os.getpid():
                found.append(command)
        return found

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(folder: Path, port: int) -> System:
    """Start without a terminal and without the test run's own servers and folders."""
    given = ("DATABASE_URL", "REDIS_URL", "SPOOL_DIR", "STORAGE_DIR", "DJANGO_SETTINGS_MODULE")
    env = {key: value for key, value in os.environ.items() if key not in given}
    with (folder.parent / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "operations.run", "--port", str(port)],
            env={**env, "RUN_DIR": str(folder)},
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return System(process, folder, port)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """A running system that is ready."""
    one = start(tmp_path / "run", free_port())
    try:
        assert wait_until(one.started, within_s=STARTED_WITHIN_S, every_s=0.2), one.output
        yield one
    finally:
        one.stop()


@pytest.mark.fault
def test_a_system_answers_restarts_what_dies_survives_its_own_death_and_stops_without_a_trace(
    system: System,
) -> None:
    assert get_json(system.port, "/healthz") == (200, {"ok": True})
    status, body = get_json(system.port, "/readyz")
    assert (status, body["ok"]) == (200, True)
    assert (system.folder.stat().st_mode & 0o777, secret_mode(system)) == (0o700, 0o600)
    refuses_a_second_start_in_two_lines(system)

    os.kill(pid_of(system, "uvicorn"), signal.SIGKILL)
    assert wait_until(lambda: get_json(system.port, "/healthz")[0] == 200, within_s=60)
    assert "web 意外停止（被信号 SIGKILL 终止）" in system.output

    system.process.kill()
    system.process.wait()
    assert wait_until(lambda: not system.processes(), within_s=15), system.processes()
    again = start(system.folder, system.port)
    try:
        assert wait_until(again.started, within_s=STARTED_WITHIN_S, every_s=0.2), again.output
        again.process.send_signal(signal.SIGTERM)
        assert again.process.wait(20) == 0
    finally:
        again.stop()
    assert "已全部停止" in again.output
    assert again.processes() == []


def refuses_a_second_start_in_two_lines(system: System) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "operations.run", "--port", str(system.port)],
        env={**os.environ, "RUN_DIR": str(system.folder.parent / "other")},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert second.returncode == 1
    assert len(second.stdout.splitlines()) == 2
    assert f"127.0.0.1:{system.port}" in second.stdout
    assert second.stderr == ""


def secret_mode(system: System) -> int:
    return (system.folder / "secrets.json").stat().st_mode & 0o777


def pid_of(system: System, word: str) -> int:
    listed = subprocess.run(
        ["pgrep", "-P", str(system.process.pid), "-f", word], capture_output=True, check=True
    )
    return int(listed.stdout.split()[0])
