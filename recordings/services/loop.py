"""试录: a seat records itself for some seconds on the path every call takes, and it is checked.

Nothing of it is evidence: no call, no rows; the folder is removed once it was looked at.
"""

import contextlib
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from common.clock import unix_ms
from common.errors import NotFound
from common.ids import new_id
from media_worker import gateway
from media_worker import protocol as p
from media_worker.selectors import choose_worker
from recordings.compose.spec import Spec
from recordings.errors import StepFailed
from recordings.storage import sha256_of

from .work import run_python

PREFIX = "loop-"
KEPT_S = 600
LEFTOVER_S = 3600
STEP_LIMIT_S = 60
SHORTEST_MS = 5_000
COMPLETE = 0.9  # of the recorded span each track has to hold


@dataclass(frozen=True, slots=True)
class LoopReport:
    """What came of a test recording. `problems` is empty when everything agreed."""

    duration_ms: int
    bytes: int
    video_kbps: int
    width: int
    height: int
    sha256: str
    problems: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"problems": list(self.problems), "ok": not self.problems}


def start_loop(owner: str, *, offer_sdp: str) -> dict[str, str]:
    """Open a room of its own and record what the offer sends: {"loop_id", "answer_sdp"}.

    `owner` alone may finish it. Raises MediaUnavailable, MediaRefused.
    """
    _remove_leftovers()
    loop_id = f"{PREFIX}{new_id()}"
    worker = choose_worker()
    gateway.open_call(
        worker.control_url, loop_id, p.OpenCall(epoch=1, t0_unix_ms=unix_ms(timezone.now()))
    )
    leg = p.ConnectLeg(
        participant_id="seat", leg_id=f"{loop_id}-1", role="seat", offer_sdp=offer_sdp
    )
    answer = gateway.connect_leg(worker.control_url, loop_id, leg)
    cache.set(f"loop/{loop_id}", {"owner": owner, "worker": worker.control_url}, KEPT_S)
    return {"loop_id": loop_id, "answer_sdp": answer.answer_sdp}


def finish_loop(loop_id: str, *, owner: str) -> LoopReport:
    """Close, compose, hash and compare. Raises NotFound for somebody else's or a forgotten one."""
    begun = cache.get(f"loop/{loop_id}")
    if begun is None or begun["owner"] != owner:
        raise NotFound
    cache.delete(f"loop/{loop_id}")
    folder = Path(settings.SPOOL_DIR) / loop_id
    try:
        closed = gateway.close_call(begun["worker"], loop_id, reason="loop")
        return _looked_at(folder, closed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _looked_at(folder: Path, closed: p.CallClosed) -> LoopReport:
    problems: list[str] = []
    told = {track.file: track for track in closed.tracks}
    try:
        probed = list(run_python("recordings.probe", str(folder), limit_s=STEP_LIMIT_S))
    except StepFailed:
        return LoopReport(closed.duration_ms, 0, 0, 0, 0, "", ("unreadable",))
    span_ms = max((track.end_ms for track in closed.tracks), default=0) - min(
        (track.start_ms for track in closed.tracks), default=0
    )
    held_ms = {"audio": 0, "video": 0}
    video_bytes = 0
    for part in probed:
        held_ms[part["kind"]] += part["end_ms"] - part["start_ms"]
        video_bytes += part["bytes"] if part["kind"] == "video" else 0
        if part["damage"]:
            problems.append("damaged")
        track = told.get(part["file"])
        if track is None or (track.sha256, track.bytes) != (part["sha256"], part["bytes"]):
            problems.append("hash")
    if span_ms < SHORTEST_MS:
        problems.append("short")
    problems += [kind for kind, held in held_ms.items() if held < COMPLETE * span_ms or not held]
    out = folder / "loop.mp4"
    composed = _compose(folder, out)
    if composed is None:
        problems.append("compose")
        composed = {"duration_ms": 0, "width": 0, "height": 0}
    return LoopReport(
        duration_ms=composed["duration_ms"],
        bytes=sum(part["bytes"] for part in probed),
        video_kbps=round(8 * video_bytes / span_ms) if span_ms else 0,
        width=composed["width"],
        height=composed["height"],
        sha256=sha256_of(out) if out.is_file() else "",
        problems=tuple(dict.fromkeys(problems)),
    )


def _compose(folder: Path, out: Path) -> dict[str, Any] | None:
    spec = folder / "spec.json"
    spec.write_text(Spec().to_json(), encoding="utf-8")
    arguments = (str(folder), str(out), "--spec", str(spec))
    result: dict[str, Any] | None = None
    try:
        for line in run_python("recordings.compose", *arguments, limit_s=STEP_LIMIT_S):
            result = line.get("result", result)
    except StepFailed:
        return None
    return result


def _remove_leftovers() -> None:
    """Folders of tests whose page went away."""
    for folder in Path(settings.SPOOL_DIR).glob(f"{PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):  # another one was faster
            if time.time() - folder.stat().st_mtime > LEFTOVER_S:
                shutil.rmtree(folder, ignore_errors=True)
