"""What the composed copy shall be like. Travels as JSON into the composing process."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Label:
    """What stands on a participant's tile. Names come from the database, not from the journal.

    `positions`: (ms of the call's clock, words) in their order; each stands until the next one.
    """

    name: str
    role: str = ""
    positions: Sequence[tuple[int, str]] = ()

    def position_at(self, at_ms: float) -> str:
        """The first one holds from the beginning: it was known before it was noted."""
        said = [words for since, words in self.positions if since <= at_ms]
        return said[-1] if said else next((words for _, words in self.positions), "")


@dataclass(frozen=True, slots=True)
class Spec:
    """`start_ms`, `end_ms`: what of the call's clock is copied (None: where the journal ends).

    Rates in bit/s. Without `video` or `audio` the copy has no such track.
    """

    start_ms: int = 0
    end_ms: int | None = None
    video: bool = True
    audio: bool = True
    width: int = 854
    height: int = 480
    fps: int = 10
    video_bps: int = 141_000
    audio_bps: int = 32_000
    watermark: str = ""
    labels: dict[str, Label] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> "Spec":
        body: dict[str, Any] = json.loads(text)
        labels = {who: Label(**label) for who, label in body.pop("labels", {}).items()}
        return Spec(**body, labels=labels)

    @staticmethod
    def read(path: Path) -> "Spec":
        return Spec.from_json(path.read_text(encoding="utf-8"))


@dataclass(slots=True)
class Composed:
    """What came out, and what was wrong with what went in."""

    duration_ms: int
    width: int
    height: int
    fps: int
    damaged: list[dict[str, Any]] = field(default_factory=list)
    gaps: list[dict[str, Any]] = field(default_factory=list)
