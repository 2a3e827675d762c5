"""What recordings do when something happened elsewhere."""

from typing import Any
from uuid import UUID

from outbox.registry import handles

from . import services


@handles("call.ended")
def begin_recording(message_id: str, payload: dict[str, Any]) -> None:
    """Idempotent: a call has one recording."""
    services.ensure_recording(UUID(payload["call_id"]))


@handles("track.part_closed", kept=False)  # a row a part is kept in EarlyPart
def send_part(message_id: str, payload: dict[str, Any]) -> None:
    services.note_part_closed(
        UUID(payload["call_id"]),
        name=payload["file"],
        size=payload["bytes"],
        sha256=payload["sha256"],
    )


@handles("task.state_changed")
@handles("task.superseded")
def date_again(message_id: str, payload: dict[str, Any]) -> None:
    """What keeping may count from has come."""
    services.date_again(UUID(payload["task_id"]))


@handles("verdict.filed")
def index_again(message_id: str, payload: dict[str, Any]) -> None:
    """Tags set in the review and the opinion's words are found too; what waited for it goes on."""
    services.hurry(UUID(payload["call_id"]))
    services.index_call(UUID(payload["call_id"]))
