"""Hints over the channel layer: 'something changed, look again'.

Channels delivers at most once and drops when full, so a hint never carries the truth. A consumer
that gets one reads its state afresh and sends it with the next sequence number (design: PostgreSQL
carries every state).
"""

import logging
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

logger = logging.getLogger(__name__)


def seat_group(seat_id: object) -> str:
    return f"seat.{seat_id}"


def call_group(call_id: object) -> str:
    return f"call.{call_id}"


def request_group(request_id: object) -> str:
    return f"request.{request_id}"


def party_group(party_id: object) -> str:
    return f"party.{party_id}"


QUEUE_GROUP = "queue"


def push(group: str, kind: str, **body: Any) -> None:
    """Tell `group` after commit. `kind` becomes the consumer's method (`call.changed` -> call_changed).

    A channel layer that is away must not undo what PostgreSQL has committed: the loss is logged and
    clients catch up at their next heartbeat.
    """

    def send() -> None:
        layer = get_channel_layer()
        if layer is None:
            return
        try:
            async_to_sync(layer.group_send)(group, {"type": kind, **body})
        except (ConnectionError, OSError, TimeoutError) as error:
            logger.warning("push lost group=%s kind=%s error=%s", group, kind, type(error).__name__)

    transaction.on_commit(send)
