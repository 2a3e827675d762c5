"""`make vendor`: front-end libraries as files in static/vendor, listed with version and hash.

    python tools/vendor_js.py                            fetch every listed file again, compare
    python tools/vendor_js.py add NAME VERSION PATH      take PATH out of the npm package

Pages never load from another site, and nothing of npm is needed at run time.
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
FOLDER = PROJECT / "static" / "vendor"
LISTING = FOLDER / "vendor.json"


def fetch(name: str, version: str, path: str) -> tuple[bytes, str]:
    """The file's content and the package's licence."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["npm", "pack", f"{name}@{version}", "--silent", "--pack-destination", folder],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as package:
            content = _member(package, f"package/{path}")
            described = json.loads(_member(package, "package/package.json"))
    return content, str(described.get("license", "unknown"))


def _member(package: tarfile.TarFile, name: str) -> bytes:
    file = package.extractfile(name)
    if file is None:
        sys.exit(f"{name} is not a file of the package")
    return file.read()


def add(name: str, version: str, path: str) -> None:
    content, licence = fetch(name, version, path)
    file = f"{name.replace('@', '').replace('/', '-')}-{version}{Path(path).suffix}"
    listed = [item for item in listing() if item["name"] != name or item["path"] != path]
    for outdated in (item for item in listing() if item not in listed):
        (FOLDER / outdated["file"]).unlink(missing_ok=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / file).write_bytes(content)
    entry = {"file": file, "name": name, "version": version, "path": path, "licence": licence}
    listed.append({**entry, "sha256": hashlib.sha256(content).hexdigest()})
    listed.sort(key=lambda item: item["file"])
    LISTING.write_text(json.dumps(listed, indent=2) + "\n")


def listing() -> list[dict[str, str]]:
    return json.loads(LISTING.read_text()) if LISTING.exists() else []


def main() -> int:
    if sys.argv[1:2] == ["add"]:
        add(*sys.argv[2:5])
        return 0
    changed = []
    for item in listing():
        content, _ = fetch(item["name"], item["version"], item["path"])
        if hashlib.sha256(content).hexdigest() != item["sha256"]:
            changed.append(item["file"])
        else:
            (FOLDER / item["file"]).write_bytes(content)
    if changed:
        print(f"not what was vendored before: {', '.join(changed)}")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
