"""Who does it: the subject of every audit entry."""

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    USER = "user"  # somebody with a staff number
    PARTY = "party"  # a customer in a call
    PARTNER = "partner"  # another system of the bank
    SYSTEM = "system"  # a sweep, a job, the operator's command line


@dataclass(frozen=True, slots=True)
class Actor:
    """`id` is a primary key or a system's name; `name` a staff number, never a customer's name."""

    kind: ActorKind
    id: str
    name: str = ""
    ip: str = ""


SYSTEM = Actor(ActorKind.SYSTEM, "system", "system")
