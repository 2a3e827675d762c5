"""What is looked at before anything is started, each refusal a sentence and a remedy."""

import fcntl
import os
import shutil
import socket
from pathlib import Path

from operations.refusals import CannotStart

NEEDED_BYTES = 1024**3  # a fresh database and about twenty recorded interviews


def require_free_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStart(
                f"无法在 {host}:{port} 上监听：{error.strerror}（port taken or not allowed）。",
                f"请停止占用它的程序，或换一个端口：PORT={port + 1} make run",
            ) from error


def require_disk(folder: Path, needed_bytes: int = NEEDED_BYTES) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise CannotStart(
            f"{folder} 所在磁盘只剩 {free // 1024**2} MB，至少需要 {needed_bytes // 1024**2} MB"
            "（too little disk space）。",
            "请腾出空间，或用 RUN_DIR=/别的磁盘/文件夹 make run 换一个位置。",
        )


def make_run_folder(folder: Path) -> None:
    """The run folder, closed to others: it holds secrets and recordings."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CannotStart(
            f"无法写入 {folder}：{error.strerror}（run folder not writable）。",
            "请换用有写权限的用户运行，或用 RUN_DIR 指定别的文件夹。",
        ) from error


def take_folder(folder: Path) -> int:
    """Hold the run folder alone until this process ends; returns the lock's descriptor."""
    descriptor = os.open(folder / "supervisor.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        owner = os.read(descriptor, 32).decode().strip() or "?"
        os.close(descriptor)
        raise CannotStart(
            f"系统已经在运行（already running，进程 {owner}，文件夹 {folder}）。",
            f"要停止它：kill {owner}；要另起一套：RUN_DIR=另一个文件夹 PORT=另一个端口 make run",
        ) from error
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor
