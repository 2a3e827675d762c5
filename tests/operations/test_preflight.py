"""Every refusal before the start is one sentence and what to do."""

import socket
import subprocess
from pathlib import Path

import pytest

from operations import preflight
from operations.embedded import explain_failure
from operations.environment import PROJECT
from operations.refusals import CannotStart


def test_a_taken_port_is_named_with_the_way_to_choose_another() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(CannotStart) as refusal:
            preflight.require_free_port("127.0.0.1", port)

    assert f"127.0.0.1:{port}" in str(refusal.value)
    assert refusal.value.remedy.endswith(f"PORT={port + 1} make run")


def test_too_little_disk_is_told_in_megabytes(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"至少需要 1099511627776 MB"):
        preflight.require_disk(tmp_path, needed_bytes=1024**6)


def test_a_second_start_of_the_same_folder_names_the_first_process(tmp_path: Path) -> None:
    holder = ["flock", str(tmp_path / "supervisor.lock"), "sh", "-c", "echo held; cat"]
    (tmp_path / "supervisor.lock").write_text("4711")
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"

        with pytest.raises(CannotStart, match=r"已经在运行.*进程 4711"):
            preflight.take_folder(tmp_path)

        other.terminate()


def test_a_file_where_the_run_folder_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "run").touch()

    with pytest.raises(CannotStart, match="无法写入"):
        preflight.make_run_folder(tmp_path / "run")


def test_a_missing_system_library_is_named() -> None:
    output = "postgres: error while loading shared libraries: libz.so.1: cannot open shared object file: No such file"

    refusal = explain_failure("PostgreSQL", output)

    assert "系统缺少动态库 libz.so.1" in str(refusal)
    assert "apt-file search libz.so.1" in refusal.remedy


def test_a_python_without_venv_is_told_which_package_to_install(tmp_path: Path) -> None:
    copy = tmp_path / "project"
    (copy / "requirements").mkdir(parents=True)
    (copy / "tools").mkdir()
    (copy / "requirements" / "base.txt").touch()
    (copy / "tools" / "bootstrap.py").write_bytes((PROJECT / "tools/bootstrap.py").read_bytes())
    # Debian without python3-venv: the module that would install pip is not there.
    (copy / "tools" / "ensurepip.py").write_text("raise ImportError")

    said = subprocess.run(
        ["python3", "tools/bootstrap.py", "python"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.returncode == 1
    assert "缺少 venv 模块" in said.stderr
    assert "apt-get install python3-venv" in said.stderr
    assert "Traceback" not in said.stderr
