"""Doubts come by message, and go by message when the case ends elsewhere."""

from typing import Any
from uuid import UUID

from outbox.registry import handles

from . import services


@handles("verdict.filed")
def open_on_doubt(message_id: str, payload: dict[str, Any]) -> None:
    if payload["verdict"] == "DOUBT":
        review = services.open_review(UUID(payload["call_id"]), doubt=payload["note"])
        services.close_overtaken(review.call.task_id)  # the case may have ended since


@handles("task.state_changed")
@handles("task.superseded")
def close_what_was_overtaken(message_id: str, payload: dict[str, Any]) -> None:
    services.close_overtaken(UUID(payload["task_id"]))
