"""Runs a set of programs: starts them, passes on their output, restarts what dies, stops all.

One thread and one selector: the children are tied to this thread's life, and a start from a process
without other threads cannot be caught in somebody's lock.
"""

import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from operations.children import spawn
from operations.console import Console
from operations.embedded import explain_failure
from operations.refusals import CannotStart

_TICK_S = 0.1
_LOOK_EVERY_S = 0.25
_STEADY_S = 30.0  # a child that lived this long is restarted at once again
_LONGEST_PAUSE_S = 10.0
_LONGEST_LINE_BYTES = 65536


@dataclass(frozen=True)
class Program:
    """What to run and how to part with it. `answers` tells whether it really works, not only lives."""

    name: str
    command: Sequence[str]
    answers: Callable[[], bool]
    ask: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    quiet: bool = False  # its output goes to its log file only


@dataclass
class _Running:
    program: Program
    env: Mapping[str, str]
    process: subprocess.Popen[bytes]
    started: float = field(default_factory=time.monotonic)
    pause_s: float = 0.0
    restart_at: float | None = None


def fate(returncode: int) -> str:
    """How a process ended, in words."""
    if returncode < 0:
        return f"被信号 {signal.Signals(-returncode).name} 终止"
    return f"退出码 {returncode}"


class Supervisor:
    """Programs in the order they were started; they are stopped in the opposite order."""

    def __init__(self, console: Console, cwd: Path) -> None:
        self._console = console
        self._cwd = cwd
        self._running: dict[str, _Running] = {}
        self._partial: dict[int, bytes] = {}
        self._quiet: set[str] = set()
        self._selector = selectors.DefaultSelector()
        self._wake, waker = socket.socketpair()
        waker.setblocking(False)
        self._waker = waker
        self._selector.register(self._wake, selectors.EVENT_READ, None)
        self._stop_asked = False

    def stop_asked(self) -> bool:
        return self._stop_asked

    def listen_to_signals(self) -> None:
        """Ctrl-C, SIGTERM and a closed terminal ask for a stop; a nohup stays a nohup."""
        signal.set_wakeup_fd(self._waker.fileno())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._ask_to_stop)

    def _ask_to_stop(self, *_: object) -> None:
        self._stop_asked = True

    def start(self, program: Program, env: Mapping[str, str]) -> None:
        self._running[program.name] = _Running(program, env, self._spawn_program(program, env))

    @property
    def names(self) -> list[str]:
        return list(self._running)

    def run_to_end(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Run one command while everything else goes on. Raises CannotStart when it fails."""
        self.finish(name, self.begin(name, command, env))

    def begin(
        self, name: str, command: Sequence[str], env: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        """Start a command that ends by itself; `finish` waits for it."""
        return self._spawn(name, command, env, signal.SIGKILL)

    def finish(self, name: str, process: subprocess.Popen[bytes]) -> None:
        while process.poll() is None:
            if self.stop_asked():
                process.kill()
                process.wait()
                return
            self._pump(_TICK_S)
            self._raise_if_one_died()
        self._pump(0)
        if process.returncode != 0 and not self.stop_asked():
            raise explain_failure(name, self._console.last_lines(name))

    def wait_for_answers(self, within_s: float) -> None:
        """Until every program answers. Raises CannotStart when one dies or stays silent."""
        silent = [running.program for running in self._running.values()]
        deadline = time.monotonic() + within_s
        next_look = 0.0
        while silent and not self.stop_asked():
            self._pump(_TICK_S)
            self._raise_if_one_died()
            if time.monotonic() < next_look:
                continue
            next_look = time.monotonic() + _LOOK_EVERY_S
            silent = [program for program in silent if not program.answers()]
            if silent and time.monotonic() > deadline:
                names = "、".join(program.name for program in silent)
                raise CannotStart(
                    f"{names} 在 {within_s:.0f} 秒内没有应答（no answer）。",
                    f"请查看日志 {self._console.log_of(silent[0].name)}。",
                )

    def watch(self) -> None:
        """Pass on output and restart what dies, until a stop is asked for."""
        while not self.stop_asked():
            self._pump(_TICK_S * 2)
            for running in self._running.values():
                self._restart_if_dead(running)

    def stop_all(self, patience_s: float) -> None:
        """Ask all but the servers at once, then the servers; kill what does not go in time."""
        everyone = list(self._running.values())
        servers = [one for one in everyone if one.program.death_signal != signal.SIGKILL]
        programs = [one for one in everyone if one not in servers]
        for group, share in ((programs, 0.6), (servers, 0.4)):
            deadline = time.monotonic() + patience_s * share
            for running in group:
                if running.process.poll() is None:
                    running.process.send_signal(running.program.ask)
            while any(one.process.poll() is None for one in group):
                self._pump(_TICK_S / 2)
                if time.monotonic() > deadline:
                    self._kill_the_rest(group)
        self._pump(0)

    def _kill_the_rest(self, group: list[_Running]) -> None:
        for running in group:
            if running.process.poll() is None:
                self._console.say(f"{running.program.name} 没有按时停止，已强制结束", alert=True)
                running.process.kill()
                running.process.wait()

    def _spawn_program(self, program: Program, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
        if program.quiet:
            self._quiet.add(program.name)
        return self._spawn(program.name, program.command, env, program.death_signal)

    def _spawn(
        self, name: str, command: Sequence[str], env: Mapping[str, str], death: signal.Signals
    ) -> subprocess.Popen[bytes]:
        reader, writer = os.pipe()
        try:
            process = spawn(command, env=env, output=writer, death_signal=death, cwd=self._cwd)
        finally:
            os.close(writer)
        os.set_blocking(reader, False)
        self._partial[reader] = b""
        self._selector.register(reader, selectors.EVENT_READ, name)
        return process

    def _pump(self, timeout_s: float) -> None:
        for key, _ in self._selector.select(timeout_s):
            if key.data is None:
                self._wake.recv(64)
                continue
            reader = key.fd
            chunk = os.read(reader, 65536)
            *lines, rest = (self._partial[reader] + chunk).split(b"\n")
            if not chunk:
                self._selector.unregister(reader)
                os.close(reader)
                del self._partial[reader]
                lines = [rest] if rest else []
            else:
                self._partial[reader] = rest[-_LONGEST_LINE_BYTES:]
            for line in lines:
                self._console.line(key.data, line.rstrip(b"\r"), shown=key.data not in self._quiet)

    def _raise_if_one_died(self) -> None:
        for name, running in self._running.items():
            if running.process.poll() is not None and not self.stop_asked():
                self._pump(0)
                raise explain_failure(name, self._console.last_lines(name))

    def _restart_if_dead(self, running: _Running) -> None:
        now = time.monotonic()
        name = running.program.name
        if running.restart_at is None and running.process.poll() is not None:
            if now - running.started > _STEADY_S:
                running.pause_s = 0.0
            running.restart_at = now + running.pause_s
            self._console.say(
                f"{name} 意外停止（{fate(running.process.returncode)}），"
                f"{running.pause_s:.0f} 秒后重启（died, restarting）",
                alert=True,
            )
            running.pause_s = min(max(1.0, running.pause_s * 2), _LONGEST_PAUSE_S)
        if running.restart_at is not None and now >= running.restart_at:
            running.process = self._spawn_program(running.program, running.env)
            running.started, running.restart_at = now, None
