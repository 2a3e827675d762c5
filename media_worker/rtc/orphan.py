"""What a file holds whose writer was killed."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import av


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
