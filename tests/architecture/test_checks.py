"""The project's own checks find what they are for, in small invented projects."""

import json
from pathlib import Path

import pytest

from tools import checks


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project with one app called `shop`, in place of ours."""
    monkeypatch.setattr(checks, "PROJECT", tmp_path)
    (tmp_path / "templates").mkdir()
    (tmp_path / "requirements").mkdir()
    (tmp_path / "package-lock.json").write_text("{}")
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    return tmp_path


def test_chinese_outside_translate_is_found_in_a_template(project: Path) -> None:
    (project / "templates" / "page.html").write_text(
        '{# 注释 #}<p>{% translate "好" %}</p>\n'
        "<p>{% blocktranslate %}共 {{ n }} 条\n记录{% endblocktranslate %}</p>\n<p>漏掉</p>\n"
    )

    assert checks.messages_are_translated() == "templates/page.html:4: <p>漏掉</p>"


def test_chinese_outside_gettext_is_found_in_a_module(project: Path) -> None:
    (project / "shop" / "views.py").write_text(
        '"""文档。"""\n'
        "from django.utils.translation import gettext as _\n\n"
        'SAID = _("已译")\n'
        'CITY = "北京"  # data: a name of the case\n'
        'FORGOTTEN = "漏掉"\n'
    )

    assert checks.messages_are_translated() == "shop/views.py:6: '漏掉'"


def test_invented_people_of_the_demo_are_not_messages(project: Path) -> None:
    (project / "shop" / "demo.py").write_text('NAME = "张三"\n')

    assert checks.messages_are_translated() == ""


@pytest.mark.parametrize(
    "line", ["--index-url https://mirror/simple", "pkg @ https://mirror/pkg.whl", "pkg @ file:///x"]
)
def test_a_lock_with_an_address_is_found(project: Path, line: str) -> None:
    (project / "requirements" / "base.txt").write_text(f"django==5.2\n{line}\n")

    assert checks.locks_have_no_addresses() == f"requirements/base.txt:2: {line}"


def test_an_npm_lock_with_an_address_is_found(project: Path) -> None:
    (project / "package-lock.json").write_text('{"resolved": "https://mirror/x.tgz"}')

    assert "package-lock.json:1" in checks.locks_have_no_addresses()


def test_a_compose_file_is_read_for_what_does_not_exist(project: Path) -> None:
    services = {name: {"image": "x"} for name in checks.NEEDED_SERVICES - {"coturn"}}
    services["web"] = {"volumes": ["./gone:/x", "lost:/y"], "depends_on": {"nobody": {}}}  # type: ignore[dict-item]
    (project / "docker-compose.yml").write_text(json.dumps({"services": services}))

    assert set(checks.compose_file_is_sound().splitlines()) == {
        "service coturn is missing",
        "web has neither image nor build",
        "web depends on nobody, which is not there",
        "web mounts ./gone, which is not there",
        "web mounts the undeclared volume lost",
    }


def test_a_vendored_file_that_was_changed_or_not_listed_is_found(project: Path) -> None:
    vendor = project / "static" / "vendor"
    vendor.mkdir(parents=True)
    for name in ("known.js", "stray.js"):
        (vendor / name).write_text("changed")
    listed = {"file": "known.js", "name": "known", "version": "1", "licence": "MIT", "sha256": "0"}
    (vendor / "vendor.json").write_text(json.dumps([listed]))

    assert checks.vendored_files_are_as_listed().splitlines() == [
        "not listed: stray.js",
        "known.js: changed since it was vendored",
    ]
