"""The score of a review by its form (QC-1). Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    code: str
    weight: int
    is_fatal: bool


@dataclass(frozen=True, slots=True)
class Score:
    """`points` 0-100; a fatal item that was not met makes it 0."""

    points: int
    has_fatal: bool


def score_of(items: Iterable[Item], met: Mapping[str, bool]) -> Score | None:
    """None when the form has no weight at all. An item without an answer counts as not met."""
    asked = list(items)
    whole = sum(item.weight for item in asked)
    if whole <= 0:
        return None
    if any(item.is_fatal and not met.get(item.code, False) for item in asked):
        return Score(0, has_fatal=True)
    reached = sum(item.weight for item in asked if met.get(item.code, False))
    return Score((200 * reached + whole) // (2 * whole), has_fatal=False)  # half a point up
