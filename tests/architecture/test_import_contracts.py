"""Each import contract is broken on purpose in a copy: one that cannot fail protects nothing."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from operations.environment import PROJECT

BREACHES = [
    pytest.param("layers", "seats/models.py", "interviews", id="upwards"),
    pytest.param("layers", "qc/apps.py", "queueing.apps", id="siblings"),
    pytest.param("layers", "common/clock.py", "accounts.apps", id="ground-upwards"),
    pytest.param("inside", "audit/models.py", "audit.services", id="model-to-service"),
    pytest.param("inside", "accounts/selectors.py", "accounts.admin", id="selector-to-edge"),
    pytest.param("rtc", "media_worker/rtc/__init__.py", "django.conf", id="rtc-to-django"),
    pytest.param("portals", "partner_portals/apps.py", "interviews.apps", id="portals"),
]


def lint(folder: Path, contract: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "lint-imports"
    command = [str(program), "--config", "pyproject.toml", "--contract", contract, "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project's own packages, elsewhere."""
    for package in PROJECT.iterdir():
        if (package / "__init__.py").exists() and package.name != "tests":
            skipped = shutil.ignore_patterns("__pycache__", "static", "templates")
            shutil.copytree(package, tmp_path / package.name, ignore=skipped)
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    return tmp_path


def make_importable(copy: Path, module: str) -> None:
    """An app may not have the file yet that its contract forbids to import."""
    app, _, name = module.partition(".")
    if (copy / app).is_dir() and name:
        (copy / app / f"{name}.py").touch()


@pytest.mark.parametrize(("contract", "module", "breach"), BREACHES)
def test_a_forbidden_import_breaks_its_contract(
    copy: Path, contract: str, module: str, breach: str
) -> None:
    make_importable(copy, breach)
    file = copy / module
    file.parent.mkdir(exist_ok=True)
    with file.open("a") as source:
        source.write(f"\nimport {breach}\n")

    result = lint(copy, contract)

    assert result.returncode == 1
    assert "BROKEN" in result.stdout


def test_every_app_is_declared_and_the_tree_keeps_its_contracts() -> None:
    configuration = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    declared = set(configuration["tool"]["importlinter"]["root_packages"])
    packages = {path.parent.name for path in PROJECT.glob("*/__init__.py")} - {
        "tests",
        "benchmarks",
    }

    assert packages == declared
