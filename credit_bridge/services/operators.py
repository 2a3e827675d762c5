"""What operators do with messages the bank would not take: again, or never; with a reason, audited."""

from django.db import transaction

from audit import services as audit
from common.actor import Actor
from common.errors import IllegalMove
from interviews.errors import ReasonRequired
from outbox import services as outbox


@transaction.atomic
def retry_message(message_id: int, *, reason: str, actor: Actor) -> None:
    """Raises ReasonRequired, IllegalMove for a message that is over."""
    _require(reason)
    if not outbox.requeue(message_id):
        raise IllegalMove
    _note("outbox.retried", message_id, reason, actor)


@transaction.atomic
def skip_message(message_id: int, *, reason: str, actor: Actor) -> None:
    """The later messages of its contract go on. Raises ReasonRequired, IllegalMove."""
    _require(reason)
    if not outbox.skip(message_id):
        raise IllegalMove
    _note("outbox.skipped", message_id, reason, actor)


def _require(reason: str) -> None:
    if not reason.strip():
        raise ReasonRequired


def _note(action: str, message_id: int, reason: str, actor: Actor) -> None:
    audit.record(
        action,
        actor=actor,
        object_type="outbox_message",
        object_id=message_id,
        reason=reason.strip()[:200],
    )
