"""`make bench`: every program of benchmarks/, one JSON line per figure on standard output."""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def main() -> int:
    failed = []
    for program in sorted((PROJECT / "benchmarks").glob("[!_]*.py")):
        print(f"# {program.name}", file=sys.stderr, flush=True)
        command = [sys.executable, str(program), *sys.argv[1:]]
        if subprocess.run(command, cwd=PROJECT, check=False).returncode != 0:
            failed.append(program.name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
