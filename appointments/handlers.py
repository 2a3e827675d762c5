"""News the calendar listens to."""

from typing import Any
from uuid import UUID

from common.actor import SYSTEM
from interviews.models import Call
from outbox.registry import handles

from . import services


@handles("verdict.filed")
def keep_on_filing(message_id: str, payload: dict[str, Any]) -> None:
    """A call that took place keeps the appointment, unless a party is still to come in the slot."""
    call = Call.objects.get(pk=UUID(payload["call_id"]))
    if call.live_at is not None and payload["verdict"] != "PARTIAL":
        services.keep(call.task_id)


@handles("task.superseded")
def cancel_on_superseding(message_id: str, payload: dict[str, Any]) -> None:
    """The reverse flow makes a new task with a time of its own (CRD-5); this one's is free again."""
    services.cancel(UUID(payload["task_id"]), actor=SYSTEM)


@handles("task.state_changed")
def cancel_on_settling(message_id: str, payload: dict[str, Any]) -> None:
    """A second interview that is booked is needless once the case is decided (QC-3).

    The slot of the very interview that decided it has begun: that one is kept.
    """
    services.cancel(UUID(payload["task_id"]), actor=SYSTEM, ahead=True)
