"""The signing process: `python -m evidence FOLDER begin|rotate|sign`. The only one that reads keys.

`sign` takes a document as JSON on standard input. Standard output carries one JSON object:
{"records": […]}, {"signature": "…"} or {"refused": "…"} with exit status 3. An installation that
keeps its keys elsewhere (another user, an HSM) names its own command in EVIDENCE_SIGNER.
"""

import json
import sys
from pathlib import Path
from typing import Any

from evidence import keyfolder

EXIT_REFUSED = 3


def answer(folder: Path, order: str) -> dict[str, Any]:
    match order:
        case "begin":
            return {"records": keyfolder.begin(folder)}
        case "rotate":
            return {"records": keyfolder.rotate(folder)}
        case "sign":
            return {"signature": keyfolder.sign(folder, json.load(sys.stdin))}
    raise keyfolder.SigningRefused("no_such_order")


def main() -> int:
    try:
        said = answer(Path(sys.argv[1]), sys.argv[2])
    except keyfolder.SigningRefused as refused:
        said = {"refused": str(refused)}
    sys.stdout.write(json.dumps(said) + "\n")
    return EXIT_REFUSED if "refused" in said else 0


if __name__ == "__main__":
    sys.exit(main())
