"""Writing the operation log. Called inside the transaction of the change it tells of."""

import json
from typing import Any

from django.utils import timezone

from common.actor import Actor
from common.middleware import request_id

from .models import AuditEntry

ADMIN_CHAIN = "admin"


def record(
    action: str,
    *,
    actor: Actor,
    object_type: str,
    object_id: object,
    chain: str = ADMIN_CHAIN,
    **payload: Any,
) -> None:
    """Append one entry (WB-20). `payload` holds ids, numbers and states - never personal data."""
    AuditEntry.objects.create(
        chain=chain,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        ip=actor.ip,
        request_id=request_id.get(),
        action=action,
        object_type=object_type,
        object_id=str(object_id),
        payload=json.dumps(
            payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str
        ),
    )


def interview_chain(task_id: object) -> str:
    return f"interview:{task_id}"


def count_today(action: str, *, actor: Actor) -> int:
    """How often somebody has done this since midnight, for limits on what is looked at."""
    start = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return AuditEntry.objects.filter(actor_id=actor.id, at__gte=start, action=action).count()
