"""Closed files as the journal and Django know them, and files whose writer was killed."""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from common.faultpoint import faultpoint
from media_worker.rtc.journal import Journal, read_entries


@dataclass(frozen=True)
class Orphan:
    bytes: int
    sha256: str
    duration_ms: int


def measure(path: Path) -> Orphan | None:
    """None when the file is missing or holds nothing that can be read."""
    if not path.exists():
        return None
    last = 0
    try:
        with av.open(str(path)) as container:
            for packet in container.demux():
                if packet.pts is not None and packet.time_base is not None:
                    last = max(last, int(packet.pts * packet.time_base * 1000))
    except av.FFmpegError:
        return None
    content = path.read_bytes()
    return Orphan(len(content), hashlib.sha256(content).hexdigest(), last)


def detach(path: Path) -> None:
    """Give the file a fresh inode: who has it open writes into the old one, which is gone."""
    if not path.exists():
        return
    arriving = path.with_name(f"{path.name}.tmp")
    with path.open("rb") as old, arriving.open("wb") as fresh:
        shutil.copyfileobj(old, fresh)
        fresh.flush()
        os.fsync(fresh.fileno())
    arriving.replace(path)


def close_books(folder: Path) -> int:
    """End what a killed worker left open in a call's journal; how many files that were.

    Blocks. Leaves alone what is closed and what another process holds.
    """
    path = folder / "journal.jsonl"
    entries, _ = read_entries(path)
    if not entries or entries[-1].kind == "call.closed":
        return 0
    epoch = max(int(entry.body.get("epoch", 0)) for entry in entries)
    try:
        journal = Journal(path, epoch, 0)
    except BlockingIOError:
        return 0
    left = {e.body["file"]: e.body for e in journal.entries if e.kind == "track.started"}
    for entry in journal.entries:
        if entry.kind == "track.ended":
            left.pop(entry.body["file"], None)
    ended = [
        body
        for file, started in left.items()
        if (body := measure_ended(folder / file, started)) is not None
    ]
    for body in ended:
        journal.append("track.ended", **body)
    journal.close()
    return len(ended)


def track_file(body: dict[str, Any]) -> dict[str, Any]:
    """A `track.ended` line as protocol.TrackFile."""
    return {
        "participant_id": body["participant_id"],
        "leg_id": body["leg_id"],
        "kind": body["track"],
        "file": body["file"],
        "bytes": body["bytes"],
        "sha256": body["sha256"],
        "start_ms": body["start_ms"],
        "end_ms": body["end_ms"],
    }


def measure_ended(path: Path, started: dict[str, Any]) -> dict[str, Any] | None:
    """The `track.ended` that a killed worker could not write."""
    found = measure(path)
    if found is None:
        return None
    faultpoint("track.measured")
    keep = ("participant_id", "leg_id", "leg_no", "track", "file", "start_ms")
    body = {key: started[key] for key in keep}
    return {
        **body,
        "bytes": found.bytes,
        "sha256": found.sha256,
        "end_ms": started["start_ms"] + found.duration_ms,
        "recovered": True,
    }
