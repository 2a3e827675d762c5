"""The checks that are more than one command. Each returns its complaint, empty when all is well."""

import ast
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parent.parent
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_COMMENT = re.compile(r"{#.*?#}|{% comment .*?endcomment %}|<!--.*?-->", re.DOTALL)
# Whole blocktranslate blocks, and any tag: Chinese inside a tag is an argument of translate.
_TRANSLATED = re.compile(
    r"{% *blocktrans(?:late)?\b.*?endblocktrans(?:late)? *%}|{%.*?%}|{{.*?}}", re.DOTALL
)
_ADDRESS = re.compile(r"https?://|--(?:extra-)?index-url|--find-links|file:|\"resolved\"")
NEEDED_SERVICES = {
    *("nginx", "web", "media", "celery", "celery-long", "beat", "migrate"),
    *("postgres", "redis", "storage", "coturn"),
}


def packages() -> list[str]:
    """Our own packages: the top folders that can be imported."""
    return sorted(
        path.parent.name for path in PROJECT.glob("*/__init__.py") if path.parent.name != "tests"
    )


def locks_have_no_addresses() -> str:
    """A lock that names where it was compiled installs nowhere else."""
    complaints = []
    for lock in (*PROJECT.glob("requirements/*.txt"), PROJECT / "package-lock.json"):
        for number, line in enumerate(lock.read_text().splitlines(), 1):
            # funding links are about people, not about where to download
            if _ADDRESS.search(line) and '"url":' not in line:
                complaints.append(f"{lock.relative_to(PROJECT)}:{number}: {line.strip()}")
    return "\n".join(complaints)


def compose_file_is_sound() -> str:
    """Parsed, complete, and without a build path, file or dependency that does not exist."""
    content = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
    services = content["services"]
    complaints = [f"service {name} is missing" for name in sorted(NEEDED_SERVICES - set(services))]
    for name, service in services.items():
        if "image" not in service and "build" not in service:
            complaints.append(f"{name} has neither image nor build")
        unknown = [needed for needed in service.get("depends_on", {}) if needed not in services]
        complaints += [f"{name} depends on {needed}, which is not there" for needed in unknown]
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith(".") and not (PROJECT / source).exists():
                complaints.append(f"{name} mounts {source}, which is not there")
            if not source.startswith((".", "/")) and source not in content.get("volumes", {}):
                complaints.append(f"{name} mounts the undeclared volume {source}")
    return "\n".join(complaints)


# What the code says of its interfaces, written down: file -> the command that writes it.
_SCHEMAS = {
    "openapi.yaml": ["spectacular", "--validate"],
    "bank-openapi.yaml": ["bank_contract"],
}


def schema_is_fresh() -> str:
    """docs/openapi.yaml and docs/bank-openapi.yaml are what the code says now."""
    return "\n".join(filter(None, (_stale(name, command) for name, command in _SCHEMAS.items())))


def _stale(name: str, command: list[str]) -> str:
    kept = PROJECT / "docs" / name
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / name
        asked = [sys.executable, "manage.py", *command, "--file", str(fresh)]
        done = subprocess.run(asked, cwd=PROJECT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return done.stdout + done.stderr
        if kept.exists() and fresh.read_text() == kept.read_text():
            return ""
    return f"docs/{name} is missing or stale: run manage.py {command[0]} --file docs/{name}"


def messages_are_translated() -> str:
    """What a person reads goes through gettext; the message ids are the Chinese texts themselves."""
    complaints = []
    for folder in [PROJECT / "templates", *(PROJECT / app / "templates" for app in packages())]:
        for template in sorted(folder.rglob("*.html")):
            complaints += _untranslated_in_template(template)
    for app in packages():
        for module in sorted((PROJECT / app).rglob("*.py")):
            parts = module.relative_to(PROJECT).parts
            if app not in _SPEAKS_BEFORE_DJANGO and not any(_NOT_MESSAGES.match(p) for p in parts):
                complaints += _untranslated_in_module(module)
    return "\n".join(complaints)


# The supervisor and the media worker run without Django and have no gettext.
_SPEAKS_BEFORE_DJANGO = {"operations", "media_worker"}
# Tables as they landed, and the invented people and papers of the demo.
_NOT_MESSAGES = re.compile(r"migrations$|commands$|demo")
_MARKS = {
    "_",
    "_now",
    "gettext",
    "gettext_lazy",
    "ngettext",
    "ngettext_lazy",
    "pgettext",
    "pgettext_lazy",
}


def _untranslated_in_template(template: Path) -> list[str]:
    def blank(match: re.Match[str]) -> str:
        return "\n" * match[0].count("\n")

    text = _TRANSLATED.sub(blank, _COMMENT.sub(blank, template.read_text()))
    where = template.relative_to(PROJECT)
    return [
        f"{where}:{number}: {line.strip()}"
        for number, line in enumerate(text.splitlines(), 1)
        if _CHINESE.search(line)
    ]


def _untranslated_in_module(module: Path) -> list[str]:
    """Chinese string literals outside gettext. `# data` at the end of a line says: not a message."""
    text = module.read_text()
    lines = text.splitlines()
    tree = ast.parse(text)
    marked: set[int] = set()
    for node in ast.walk(tree):
        called = node.func if isinstance(node, ast.Call) else None
        name = getattr(called, "id", getattr(called, "attr", ""))
        documented = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if name in _MARKS or documented:
            marked |= {id(inner) for inner in ast.walk(node)}
    where = module.relative_to(PROJECT)
    return [
        f"{where}:{node.lineno}: {node.value[:60]!r}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in marked
        and _CHINESE.search(node.value)
        and not any("# data" in line for line in lines[node.lineno - 1 : node.end_lineno])
    ]


def vendored_files_are_as_listed() -> str:
    """Every vendored file has its version, licence and hash, and no other file lies beside them."""
    folder = PROJECT / "static" / "vendor"
    listing = folder / "vendor.json"
    if not listing.exists():
        return ""
    listed = {item["file"]: item for item in json.loads(listing.read_text())}
    present = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    complaints = [f"not listed: {name}" for name in sorted(present - set(listed) - {"vendor.json"})]
    for name, item in listed.items():
        missing = {"name", "version", "licence", "sha256"} - set(item)
        if missing or name not in present:
            complaints.append(f"{name}: missing {', '.join(sorted(missing)) or 'file'}")
        elif hashlib.sha256((folder / name).read_bytes()).hexdigest() != item["sha256"]:
            complaints.append(f"{name}: changed since it was vendored")
    return "\n".join(complaints)


def node_packages_are_there() -> str:
    """Install what package-lock.json lists, unless just that is there."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return "node and npm are needed: apt-get install nodejs npm"
    stamp = PROJECT / "node_modules" / ".installed"
    # By content: a checkout or a worktree gives the file a new time and the same lines.
    wanted = hashlib.sha256((PROJECT / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        installed = _run([npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"])
        if installed:
            return installed
        stamp.write_text(wanted)
    return ""


def front_end_is_sound() -> str:
    """JSDoc types by tsc, behaviour by node's own test runner."""
    if missing := node_packages_are_there():
        return missing
    node = str(shutil.which("node"))
    tsc = PROJECT / "node_modules" / ".bin" / "tsc"
    if not any((PROJECT / "static" / "js").rglob("*.js")):
        return ""
    complaint = _run([str(tsc), "--project", "jsconfig.json"])
    tests = sorted(str(path) for path in (PROJECT / "tests" / "js").rglob("*.test.js"))
    if tests:
        complaint += _run([node, "--test", *tests])
    return complaint


def _run(command: list[str]) -> str:
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr
