"""A place in the call, whoever's connection fills it."""

from dataclasses import dataclass, field

from media_worker.rtc.leg import Leg
from media_worker.rtc.recorder import Track


@dataclass
class Participant:
    """A place in the call; legs come and go."""

    participant_id: str
    name: str
    role: str
    leg: Leg | None = None
    muted: bool = False
    tracks: dict[str, Track] = field(default_factory=dict)
