"""`make clean`: back to a fresh clone. Refuses while the system runs; asks before recordings go."""

import fcntl
import os
import shutil
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
CACHES = (".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".import_linter_cache")


def main() -> int:
    run = Path(os.environ.get("RUN_DIR") or PROJECT / "run")
    lock = run / "supervisor.lock"
    if lock.exists():
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(f"系统正在运行（still running，进程 {file.read()}），请先停止它。")
                return 1
    if run.exists() and sys.stdin.isatty():
        answer = input(f"将删除 {run}（数据库与录像，database and recordings）。继续？[y/N] ")
        if answer.strip().lower() != "y":
            return 1
    folders = [run, PROJECT / ".venv", PROJECT / "node_modules", *(PROJECT / c for c in CACHES)]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    for cache in PROJECT.rglob("__pycache__"):
        shutil.rmtree(cache, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
