"""What recordings do when something happened elsewhere."""

from typing import Any
from uuid import UUID

from outbox.registry import handles

from . import services


@handles("call.ended")
def begin_recording(message_id: str, payload: dict[str, Any]) -> None:
    """Idempotent: a call has one recording."""
    services.ensure_recording(UUID(payload["call_id"]))


@handles("verdict.filed")
def index_again(message_id: str, payload: dict[str, Any]) -> None:
    """Tags set in the review and the opinion's words are found too."""
    services.index_call(UUID(payload["call_id"]))
