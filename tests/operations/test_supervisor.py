"""The supervisor with small programs: it passes on, restarts, stops, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from operations.children import wait_until
from operations.environment import PROJECT
from operations.supervisor import fate

# A supervisor of two programs, one polite, one deaf to SIGTERM, printing their process ids.
SUPERVISOR = """
    import os, sys
    from pathlib import Path
    from operations.console import Console
    from operations.supervisor import Program, Supervisor

    folder = Path(sys.argv[1])
    polite = "import os,time; print('polite', os.getpid(), flush=True); time.sleep(600)"
    deaf = (
        "import os,signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('deaf', os.getpid(), flush=True); time.sleep(600)"
    )
    supervisor = Supervisor(Console(folder), Path.cwd())
    supervisor.listen_to_signals()
    for name, code in (("polite", polite), ("deaf", deaf)):
        program = Program(name, [sys.executable, "-c", code], answers=lambda: True)
        supervisor.start(program, dict(os.environ))
    supervisor.watch()
    supervisor.stop_all(1.0)
    print("stopped", flush=True)
"""


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SUPERVISOR), str(tmp_path)],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        cwd=PROJECT,
    )
    yield process
    process.kill()
    process.communicate()


def child_pids(supervisor: subprocess.Popen[str], *names: str) -> dict[str, int]:
    """Read the supervisor's output until each named child has told its process id."""
    assert supervisor.stdout is not None
    pids: dict[str, int] = {}
    for line in supervisor.stdout:
        words = line.split("│ ")[-1].split()
        if words and words[0] in names:
            pids[words[0]] = int(words[1])
        if len(pids) == len(names):
            return pids
    raise AssertionError(f"the supervisor ended before {names} spoke")


def gone(*pids: int) -> Callable[[], bool]:
    return lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_sigterm_stops_every_program_even_one_that_does_not_listen(
    supervisor: subprocess.Popen[str],
) -> None:
    pids = child_pids(supervisor, "polite", "deaf")

    supervisor.send_signal(signal.SIGTERM)
    output, _ = supervisor.communicate(timeout=20)

    assert supervisor.returncode == 0
    assert "deaf 没有按时停止，已强制结束" in output
    assert output.endswith("stopped\n")
    assert gone(*pids.values())()


@pytest.mark.fault
def test_a_killed_supervisor_leaves_nothing_running(supervisor: subprocess.Popen[str]) -> None:
    pids = child_pids(supervisor, "polite", "deaf")

    supervisor.kill()

    assert wait_until(gone(*pids.values()), within_s=10)


@pytest.mark.fault
def test_a_program_that_dies_is_restarted_and_said_so(supervisor: subprocess.Popen[str]) -> None:
    first = child_pids(supervisor, "polite", "deaf")

    os.kill(first["polite"], signal.SIGKILL)
    assert supervisor.stdout is not None
    said = supervisor.stdout.readline()
    second = child_pids(supervisor, "polite")

    assert "polite 意外停止（被信号 SIGKILL 终止）" in said
    assert second["polite"] != first["polite"]


def test_output_nobody_reads_does_not_stop_the_programs(tmp_path: Path) -> None:
    code = """
        import os, sys
        from pathlib import Path
        from operations.console import Console
        from operations.supervisor import Program, Supervisor

        chatter = "import sys; sys.stdout.write('x' * 99 + chr(10)); sys.stdout.flush()"
        loop = f"for _ in range(20000): exec({chatter!r})"
        supervisor = Supervisor(Console(Path(sys.argv[1])), Path.cwd())
        supervisor.run_to_end("chatter", [sys.executable, "-c", loop], dict(os.environ))
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=PROJECT,
    )

    assert process.wait(60) == 0
    assert process.stdout is not None
    process.stdout.close()
    assert len((tmp_path / "chatter.log").read_text().splitlines()) == 20000


def test_the_end_of_a_program_is_told_in_words() -> None:
    assert fate(-signal.SIGSEGV) == "被信号 SIGSEGV 终止"
    assert fate(3) == "退出码 3"
