"""The words on a call's timeline that somebody may look for (tags, chat, steps). Pure."""

from collections.abc import Mapping
from typing import Any

# kind of event -> the fields of its payload that hold words
_FIELDS: dict[str, tuple[str, ...]] = {
    "tag": ("note",),
    "chat": ("text",),
    "script_step": ("title", "text"),
    "media": ("title",),
    "confirm.card": ("title",),
    "observation": ("text",),
}
SPOKEN = tuple(_FIELDS)


def text_of(kind: str, payload: Mapping[str, Any]) -> list[str]:
    """The event's words; none for a kind that has none."""
    found = (payload.get(field) for field in _FIELDS.get(kind, ()))
    return [text for text in found if isinstance(text, str) and text]
