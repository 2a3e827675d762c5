"""Reads of the operation log."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db.models import Count

from common.actor import Actor, ActorKind

from .models import AuditEntry


def head_of(chain: str) -> tuple[int, str]:
    """(number, hash in hex) of a chain's last entry; (0, "") of one without entries."""
    last = AuditEntry.objects.filter(chain=chain).order_by("-seq").first()
    return (last.seq, bytes(last.hash).hex()) if last is not None else (0, "")


def was_noted(
    action: str,
    *,
    actor: Actor,
    object_type: str,
    object_id: object,
    since: dt.datetime,
    holding: str,
) -> bool:
    """Whether this actor's entry about the object, with that text in its facts, is there already."""
    return AuditEntry.objects.filter(
        object_type=object_type,
        object_id=str(object_id),
        action=action,
        actor_kind=actor.kind,
        actor_id=actor.id,
        at__gte=since,
        payload__contains=holding,
    ).exists()


def busiest(action: str, *, since: dt.datetime, limit: int = 20) -> list[tuple[str, str, int]]:
    """(id, name, how many objects) of the people who have done this to the most objects."""
    done = AuditEntry.objects.filter(action=action, at__gte=since, actor_kind=ActorKind.USER)
    people = done.values("actor_id", "actor_name").annotate(count=Count("object_id", distinct=True))
    top = people.order_by("-count", "actor_id").values_list("actor_id", "actor_name", "count")
    return list(top[:limit])


def entries_of(chain: str) -> Iterator[dict[str, Any]]:
    """The whole chain in order; with `at` as the text that is hashed (migration 0002)."""
    for entry in AuditEntry.objects.filter(chain=chain).order_by("seq").iterator():
        yield {
            "chain": entry.chain,
            "seq": entry.seq,
            "at": f"{entry.at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%f}Z",
            "actor_kind": entry.actor_kind,
            "actor_id": entry.actor_id,
            "actor_name": entry.actor_name,
            "ip": entry.ip,
            "request_id": entry.request_id,
            "action": entry.action,
            "object_type": entry.object_type,
            "object_id": entry.object_id,
            "payload": entry.payload,
            "prev": bytes(entry.prev).hex(),
            "hash": bytes(entry.hash).hex(),
        }
