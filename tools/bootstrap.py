"""Makes `.venv` from the hash-locked files when it is missing or outdated, then becomes a command.

    python3 tools/bootstrap.py [--dev] python -m operations.run

Runs on any Python 3.11 or later and needs nothing but its standard library.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv"
NEEDED_BYTES = 2 * 1024**3


def refuse(sentence: str, remedy: str) -> None:
    sys.exit(f"无法准备运行环境：{sentence}\n怎么办：{remedy}")


def locks(dev: bool) -> list[Path]:
    names = ["base.txt", "dev.txt"] if dev else ["base.txt"]
    return [PROJECT / "requirements" / name for name in names]


def fingerprint(files: list[Path]) -> str:
    content = b"".join(file.read_bytes() for file in files)
    return f"{sys.version_info[0]}.{sys.version_info[1]} {hashlib.sha256(content).hexdigest()}"


def require_python() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036  # an older python3 runs this to be told so
        refuse(
            f"需要 Python 3.11 或更高版本，现在的 python3 是 {sys.version.split()[0]}"
            "（Python 3.11 or later is needed）。",
            "请安装 Python 3.11（Debian 12 自带：apt-get install python3）。",
        )


def require_venv_module() -> None:
    try:
        import ensurepip
        import venv
    except ImportError:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        refuse(
            "缺少 venv 模块（python3-venv is missing）。",
            f"请安装后重试：apt-get install python3-venv python{version}-venv",
        )
    else:
        del ensurepip, venv


def require_disk() -> None:
    free = shutil.disk_usage(PROJECT).free
    if free < NEEDED_BYTES:
        refuse(
            f"{PROJECT} 所在磁盘只剩 {free // 1024**2} MB（too little disk space），"
            f"安装依赖至少需要 {NEEDED_BYTES // 1024**2} MB。",
            "请腾出空间后重试。",
        )


def usable() -> bool:
    """Whether `.venv` has a working interpreter of the version that is running now."""
    python = VENV / "bin" / "python"
    if not python.exists():
        return False
    asked = [str(python), "-c", "import sys, pip; print(*sys.version_info[:2], sep='.')"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    return answer.stdout.strip() == f"{sys.version_info[0]}.{sys.version_info[1]}"


def install(files: list[Path]) -> None:
    require_disk()
    if not usable():
        require_venv_module()
        made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=False)
        if made.returncode != 0:
            refuse("无法创建 .venv（creating the environment failed）。", "请查看上面的输出。")
    print("正在安装依赖，首次需要一两分钟（installing locked packages）…", flush=True)
    asked = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--require-hashes", "--no-deps"]
    quiet = ["--quiet", "--no-input", "--disable-pip-version-check", "--only-binary", ":all:"]
    wanted = [part for file in files for part in ("-r", str(file))]
    if subprocess.run([*asked, *quiet, *wanted], check=False).returncode != 0:
        refuse(
            "依赖安装失败（installing packages failed），原因见上面的输出。",
            "请检查网络或 pip 的镜像设置后重新运行，已下载的部分不会重来。",
        )


def ensure(dev: bool) -> None:
    files = locks(dev)
    stamp = VENV / f".installed-{files[-1].stem}"
    wanted = fingerprint(files)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    with files[0].open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two starts at once: the second waits for the first
        if stamp.exists() and stamp.read_text() == wanted:
            return
        install(files)
        stamp.write_text(wanted)


def main() -> None:
    require_python()
    dev = sys.argv[1:2] == ["--dev"]
    ensure(dev)
    if command := sys.argv[2:] if dev else sys.argv[1:]:
        os.chdir(PROJECT)
        program = str(VENV / "bin" / command[0])
        os.execv(program, [program, *command[1:]])  # noqa: S606


if __name__ == "__main__":
    main()
