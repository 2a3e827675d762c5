"""`make sdk`: the JavaScript SDK as one npm tarball, with a plain-script build and type declarations.

The ES modules go in as they are served. The plain script holds the same modules, each in a function
of its own, and leaves one name behind: `Interview`. No bundler: the modules use named imports and
exports only, and this program refuses what it does not know.
"""

import argparse
import gzip
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from tools.checks import node_packages_are_there  # noqa: E402  # after the path

SOURCES = PROJECT / "static" / "sdk"
ENTRY = "interview-client.js"
GUIDE = PROJECT / "docs" / "sdk-integration.md"
NAME = "video-interview-sdk"

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w.-]+)";$', re.MULTILINE)
_REEXPORT = re.compile(r'^export \{([^}]*)\} from "\./([\w.-]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function|class|const) ([A-Za-z_$][\w$]*)", re.MULTILINE)
_LATE = re.compile(r'\bimport\("\./([\w.-]+)"\)')  # loaded when it is needed; here it is there
_UNKNOWN = re.compile(r"^(?:import|export)\b.*$|\bimport\(.*$", re.MULTILINE)


class NotPackable(Exception):
    """A module says something this program cannot turn into a plain script."""


def _names(listed: str) -> list[str]:
    names = [name.strip() for name in listed.split(",") if name.strip()]
    if any(" as " in name for name in names):
        raise NotPackable(f"renamed import or export: {listed}")
    return names


def module_of(text: str) -> tuple[str, list[str]]:
    """A module as the body of a function that returns its exports, and the modules it needs."""
    needs = [
        *(m[2] for m in _IMPORT.finditer(text)),
        *(m[2] for m in _REEXPORT.finditer(text)),
        *(m[1] for m in _LATE.finditer(text)),
    ]
    exported = [match[2] for match in _EXPORT.finditer(text)]
    passed = [(name, m[2]) for m in _REEXPORT.finditer(text) for name in _names(m[1])]
    text = _IMPORT.sub(lambda m: f'const {{ {", ".join(_names(m[1]))} }} = need("{m[2]}");', text)
    text = _REEXPORT.sub("", text)
    text = _LATE.sub(r'need("\1")', text)
    text = _EXPORT.sub(r"\1 \2", text)
    if left := _UNKNOWN.search(text):
        raise NotPackable(left[0])
    answers = [*exported, *(f'{name}: need("{source}").{name}' for name, source in passed)]
    body = text.replace("// @ts-check\n", "", 1).strip()
    return f"{body}\nreturn {{ {', '.join(answers)} }};", list(dict.fromkeys(needs))


def plain_script(sources: Path = SOURCES, entry: str = ENTRY) -> str:
    """One classic script: `Interview.InterviewClient` and the other exports of the entry."""
    modules: dict[str, str] = {}

    def take(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise NotPackable(f"modules need each other: {' → '.join((*path, name))}")
        if name in modules:
            return
        body, needs = module_of((sources / name).read_text())
        for needed in needs:
            take(needed, (*path, name))
        modules[name] = body

    take(entry, ())
    lines = [
        "/* The video interview SDK as a plain script. Made by `make sdk`; do not edit. */",
        "var Interview = (function () {",
        '"use strict";',
        "var made = {};",
        "function need(name) { return made[name]; }",
    ]
    for name, body in modules.items():
        lines += [f'made["{name}"] = (function () {{', body, "})();"]
    lines += [f'return made["{entry}"];', "})();", ""]
    return "\n".join(lines)


def version() -> str:
    found = re.search(r'SDK_VERSION = "([^"]+)"', (SOURCES / "claims.js").read_text())
    if found is None:
        raise NotPackable("claims.js names no SDK_VERSION")
    return found[1]


def declarations(into: Path) -> None:
    """Type declarations out of the JSDoc, by tsc."""
    tsc = PROJECT / "node_modules" / ".bin" / "tsc"
    if missing := node_packages_are_there():
        raise NotPackable(missing)
    command = [
        *(str(tsc), "--allowJs", "--declaration", "--emitDeclarationOnly", "--skipLibCheck"),
        *("--target", "ES2022", "--module", "ES2022", "--moduleResolution", "bundler"),
        *("--lib", "ES2023,DOM,DOM.Iterable", "--outDir", str(into)),
        str(SOURCES / ENTRY),
    ]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotPackable(done.stdout + done.stderr)


def package_json() -> str:
    return json.dumps(
        {
            "name": NAME,
            "version": version(),
            "description": "Video interviews in a web page or a WebView: one class, events.",
            "type": "module",
            "main": f"./esm/{ENTRY}",
            "types": f"./types/{ENTRY.replace('.js', '.d.ts')}",
            "exports": {
                ".": {
                    "types": f"./types/{ENTRY.replace('.js', '.d.ts')}",
                    "default": f"./esm/{ENTRY}",
                },
                "./plain": "./interview-sdk.js",
            },
            "files": ["esm", "types", "interview-sdk.js", "README.md"],
            "sideEffects": False,
            "license": "UNLICENSED",
        },
        indent=2,
    )


def pack(into: Path) -> Path:
    """The tarball; the same sources give the same bytes."""
    into.mkdir(parents=True, exist_ok=True)
    target = into / f"{NAME}-{version()}.tgz"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "package"
        (root / "esm").mkdir(parents=True)
        for source in sorted(SOURCES.glob("*.js")):
            shutil.copyfile(source, root / "esm" / source.name)
        declarations(root / "types")
        (root / "interview-sdk.js").write_text(plain_script())
        (root / "package.json").write_text(package_json() + "\n")
        shutil.copyfile(GUIDE, root / "README.md")
        raw = io.BytesIO()
        with tarfile.open(fileobj=raw, mode="w") as archive:
            for path in sorted(p for p in root.rglob("*") if p.is_file()):
                entry = archive.gettarinfo(path, str(Path("package") / path.relative_to(root)))
                entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, "", ""
                entry.mode = 0o644
                with path.open("rb") as content:
                    archive.addfile(entry, content)
    target.write_bytes(gzip.compress(raw.getvalue(), mtime=0))
    return target


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=PROJECT / "run" / "sdk")
    print(pack(parser.parse_args().into))
    return 0


if __name__ == "__main__":
    sys.exit(main())
