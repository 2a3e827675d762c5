"""What of a recording is kept (WB-6): any combination of video, audio and photos, tracks apart. Pure."""

from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Outputs:
    """`tracks`: the raw files of each person as well, not the composed copy only.

    The journal is always kept. Everything is recorded whatever the outputs are: they decide what goes
    into the store. The manifest names what was not kept, with its hash.
    """

    video: bool = True
    audio: bool = True
    snapshots: bool = True
    tracks: bool = True
    # There is no whole copy: the raw files are all there is of what should have been in it.
    in_place_of_copy: bool = False

    @property
    def composed_suffix(self) -> str:
        """Of the composed copy; empty when there is nothing to compose."""
        if self.video:
            return ".mp4"
        return ".m4a" if self.audio else ""

    def keeps(self, name: str) -> bool:
        """Whether the file of that name in the call's folder goes into the store."""
        if name.startswith("snapshots/"):
            return self.snapshots
        if name.startswith("tracks/"):
            is_audio = ".audio." in name
            return self.tracks and (self.audio if is_audio else self.video)
        if name.startswith("rescue/") and not name.endswith(".json"):
            # One file holds both; where there is nothing else, one that is wanted is enough.
            wanted = (self.audio, self.video)
            return self.tracks and (any(wanted) if self.in_place_of_copy else all(wanted))
        return True

    def without_copy(self) -> "Outputs":
        """What has to be kept, whatever `tracks` says, where no copy holds all of it."""
        return replace(self, tracks=True, in_place_of_copy=True)

    def as_json(self) -> dict[str, bool]:
        return asdict(self)

    @staticmethod
    def of(row: dict[str, Any]) -> "Outputs":
        """What a recording's row says; everything where it says nothing."""
        return Outputs(**row)
