"""`make test`: the quick tests in parallel, then, one at a time, those that own the machine."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from tools.checks import node_packages_are_there  # noqa: E402
from tools.system_packages import FOR_TESTS, ensure  # noqa: E402  # after the path

ALONE = "browser or e2e or fault"
NOTHING_COLLECTED = 5


def pytest(*arguments: str) -> int:
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=PROJECT, check=False).returncode


def main() -> int:
    if not ensure(FOR_TESTS):
        return 1
    if missing := node_packages_are_there():  # axe-core, for the browser tests
        print(missing)
        return 1
    if chosen := sys.argv[1:]:
        return pytest(*chosen)
    workers = str(min(os.cpu_count() or 2, 8))
    quick = pytest("-q", "-n", workers, "-m", f"not ({ALONE})")
    alone = pytest("-q", "-m", ALONE)
    return quick or (0 if alone == NOTHING_COLLECTED else alone)


if __name__ == "__main__":
    sys.exit(main())
