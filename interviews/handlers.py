"""What follows a change of a call and needs the network."""

from typing import Any
from uuid import UUID

from common.actor import SYSTEM
from outbox.registry import handles

from .errors import CallOver
from .selectors import live_call_of
from .services import end_call, preroll
from .services.media import close_legs
from .services.playout import follow_audience as follow


@handles("call.preroll")
def play_next(message_id: str, payload: dict[str, Any]) -> None:
    preroll.play_next(UUID(payload["call_id"]), since_ms=payload.get("at_ms", 0))


@handles("call.audience")
def follow_audience(message_id: str, payload: dict[str, Any]) -> None:
    follow(UUID(payload["call_id"]))


@handles("participant.left")
def close_connections(message_id: str, payload: dict[str, Any]) -> None:
    close_legs(**payload)


@handles("task.superseded")
def end_running_call(message_id: str, payload: dict[str, Any]) -> None:
    """A call whose task is superseded is ended properly and kept (CRD-5)."""
    call = live_call_of(UUID(payload["task_id"]))
    if call is None:
        return
    try:
        end_call(call.pk, actor=SYSTEM, reason="superseded")
    except CallOver:
        return  # hung up between the look and the lock
