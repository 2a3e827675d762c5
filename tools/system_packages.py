"""What the tests need from Debian, installed where that is possible without asking."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable


def has_chinese_font() -> bool:
    if shutil.which("fc-list") is None:
        return False
    listed = subprocess.run(
        ["fc-list", ":lang=zh-cn", "family"], capture_output=True, text=True, check=False
    )
    return bool(listed.stdout.strip())


def _has(program: str) -> Callable[[], bool]:
    return lambda: shutil.which(program) is not None


FOR_TESTS: dict[str, Callable[[], bool]] = {
    "chromium": _has("chromium"),
    "fontconfig": _has("fc-list"),
    "fonts-noto-cjk": has_chinese_font,
}
FOR_CHECKS: dict[str, Callable[[], bool]] = {"nodejs": _has("node"), "npm": _has("npm")}


def ensure(wanted: dict[str, Callable[[], bool]]) -> bool:
    """Install what is missing. False, with one sentence, where this user cannot."""
    missing = [package for package, present in wanted.items() if not present()]
    if not missing:
        return True
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print(f"Missing: {', '.join(missing)}. As root: apt-get install {' '.join(missing)}")
        return False
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    print(f"Installing {', '.join(missing)} …", flush=True)
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
    ):
        done = subprocess.run(
            command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            print(done.stdout + done.stderr)
    return all(present() for present in wanted.values())


if __name__ == "__main__":
    sys.exit(0 if ensure({**FOR_TESTS, **FOR_CHECKS}) else 1)
