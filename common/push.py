"""Hints over the channel layer: 'something changed, look again'.

Channels delivers at most once and drops when full, so a hint never carries the truth. A consumer
that gets one reads its state afresh and sends it with the next sequence number (design: PostgreSQL
carries every state).

Consumers listen through the channel layer; services, which are synchronous, publish to the same
Redis channels themselves: the layer would open an event loop and a connection for every hint.
"""

import functools
import logging
from typing import Any

import redis
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import transaction
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

ANSWER_WITHIN_S = 1.0


def seat_group(seat_id: object) -> str:
    return f"seat.{seat_id}"


def call_group(call_id: object) -> str:
    return f"call.{call_id}"


def request_group(request_id: object) -> str:
    return f"request.{request_id}"


def party_group(party_id: object) -> str:
    return f"party.{party_id}"


QUEUE_GROUP = "queue"


class _Hints:
    """What a transaction tells after its commit, in one round trip, each thing once."""

    def __init__(self) -> None:
        self.sent = False
        self._messages: dict[tuple[str, bytes], str] = {}  # to the kind, for the log

    def __contains__(self, hint: tuple[str, bytes]) -> bool:
        return hint in self._messages

    def add(self, hint: tuple[str, bytes], kind: str) -> None:
        self._messages[hint] = kind

    def __call__(self) -> None:
        self.sent = True
        try:
            with _publisher(_address()).pipeline(transaction=False) as pipeline:
                for group, message in self._messages:
                    pipeline.publish(_redis_channel(group), message)
                pipeline.execute()
        except (redis.RedisError, OSError) as error:
            for (group, _message), kind in self._messages.items():
                logger.warning(
                    "push lost group=%s kind=%s error=%s", group, kind, type(error).__name__
                )


def _address() -> str:
    layer: Any = settings.CHANNEL_LAYERS["default"]
    return str(layer["CONFIG"]["hosts"][0])


@functools.cache
def _publisher(address: str) -> "redis.Redis[bytes]":
    """One pool a process, shared by its threads; a fork finds itself with an empty one."""
    return redis.Redis.from_url(
        address,
        socket_timeout=ANSWER_WITHIN_S,
        socket_connect_timeout=ANSWER_WITHIN_S,
        retry=Retry(NoBackoff(), 1),
    )


def _redis_channel(group: str) -> str:
    """As channels_redis.pubsub names a group under its default prefix."""
    return f"asgi__group__{group}"


def push(group: str, kind: str, **body: Any) -> None:
    """Tell `group` after commit. `kind` becomes the consumer's method (`call.changed` -> call_changed).

    The same hint given twice in a transaction is sent once; hints that differ in what they carry
    are all sent, in order. A Redis that is away must not undo what PostgreSQL has committed: the
    loss is logged and clients catch up at their next heartbeat.
    """
    layer: Any = get_channel_layer()
    hint = (group, layer.serialize({"type": kind, **body}))
    connection = transaction.get_connection()
    # A savepoint that was left well is no longer rolled back on its own: only the open ones count.
    still_open = set(connection.savepoint_ids)
    waiting = [
        (savepoints & still_open, work)
        for savepoints, work, _robust in connection.run_on_commit
        if isinstance(work, _Hints) and not work.sent
    ]
    if any(hint in hints for _savepoints, hints in waiting):
        return
    if waiting and waiting[-1][0] == still_open:
        waiting[-1][1].add(hint, kind)
        return
    hints = _Hints()
    hints.add(hint, kind)
    transaction.on_commit(hints)
