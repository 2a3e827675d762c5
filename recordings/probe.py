"""What is really in a call's raw files: `python -m recordings.probe FOLDER` prints a JSON line a file.

A process of its own, because a C library reads bytes that strangers sent. No Django.
"""

import dataclasses
import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from recordings import waves
from recordings.folder import CallFolder, FolderUnreadable, Part, read_folder
from recordings.picture import EVERY_MS, Looks, luma_of

EXIT_UNREADABLE = 4
_LAST_FRAME_MS = {"audio": 20, "video": 66}


@dataclass(frozen=True, slots=True)
class Probed:
    """One raw file. `sha256` and `bytes` are of what lies on the disk now."""

    participant_id: str
    leg_no: int
    kind: str
    file: str
    codec: str
    start_ms: int
    end_ms: int
    bytes: int
    sha256: str
    damage: str
    picture: dict[str, int]
    levels: str


def probe(folder: CallFolder) -> list[Probed]:
    return [_probe_part(folder.path, part) for part in folder.parts]


def _probe_part(root: Path, part: Part) -> Probed:
    path = root / part.file
    digest, size, last_ms, damage = hashlib.sha256(), 0, 0.0, ""
    looks, levels = Looks(), list[int]()
    if path.is_file():
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
                size += len(chunk)
        last_ms, damage = _read_through(path, part.kind, looks, levels)
        if part.sha256 is not None and part.sha256 != digest.hexdigest():
            damage = damage or "sha256 differs from the journal"
    else:
        damage = "missing"
    length = last_ms + _LAST_FRAME_MS[part.kind] if last_ms else 0
    return Probed(
        part.participant_id,
        part.leg_no,
        part.kind,
        part.file,
        part.codec,
        round(part.start_ms),
        round(part.start_ms + length),
        size,
        digest.hexdigest(),
        damage,
        looks.as_json(),
        waves.as_text(levels),
    )


def _read_through(path: Path, kind: str, looks: Looks, levels: list[int]) -> tuple[float, str]:
    """(time of the last packet in ms, what is wrong). Sound is heard, a picture looked at now and then."""
    last_ms, looked_ms = 0.0, -float(EVERY_MS)
    try:
        with av.open(str(path)) as container:
            stream = next((s for s in container.streams if s.type == kind), None)
            if stream is None:
                return 0.0, "no stream"
            for packet in container.demux(stream):
                if packet.pts is not None and packet.time_base is not None:
                    at_ms = float(packet.pts * packet.time_base) * 1000
                    last_ms = max(last_ms, at_ms)
                    if kind == "video" and packet.is_keyframe and at_ms >= looked_ms + EVERY_MS:
                        looked_ms = at_ms
                        _look(packet, looks)
                    if kind == "audio":
                        _hear(packet, levels, at_ms)
    except (av.FFmpegError, OSError) as error:
        return last_ms, f"truncated: {type(error).__name__}"
    return last_ms, "" if last_ms else "empty"


def _look(packet: Any, looks: Looks) -> None:
    """A keyframe needs no other: one picture is decoded, not the film. A broken one is no look."""
    try:
        for frame in packet.decode():
            looks.look(luma_of(frame), min(frame.width, frame.height))
    except av.FFmpegError:
        return


def _hear(packet: Any, levels: list[int], at_ms: float) -> None:
    """A broken packet is silence."""
    try:
        for frame in packet.decode():
            waves.put(levels, at_ms, waves.level_of(frame))
    except av.FFmpegError:
        return


def main() -> int:
    try:
        probed = probe(read_folder(Path(sys.argv[1])))
    except FolderUnreadable as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_UNREADABLE
    for part in probed:
        sys.stdout.write(json.dumps(dataclasses.asdict(part)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
