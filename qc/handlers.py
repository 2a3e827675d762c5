"""Doubts come by message."""

from typing import Any
from uuid import UUID

from outbox.registry import handles

from . import services


@handles("verdict.filed")
def open_on_doubt(message_id: str, payload: dict[str, Any]) -> None:
    if payload["verdict"] == "DOUBT":
        services.open_review(UUID(payload["call_id"]), doubt=payload["note"])
