"""Publishing and delivering messages between apps and to partners."""

import datetime as dt
import logging
import random
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from common.clock import db_now
from common.errors import DomainError
from common.faultpoint import faultpoint

from . import registry
from .models import OVER, MessageState, OutboxMessage

logger = logging.getLogger(__name__)

LEASE = dt.timedelta(seconds=120)  # longer than any handler's own time-outs
FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 300.0
ATTEMPTS_BEFORE_PARKING = 40  # about three hours; who says "not now" is never given up


def publish(topic: str, *, key: str, **payload: Any) -> None:
    """Write `topic` for each of its handlers, in the caller's transaction; order is kept per key."""
    for name in registry.names_for(topic):
        OutboxMessage.objects.create(topic=topic, handler=name, key=key, payload=payload)
    faultpoint("outbox.written")
    transaction.on_commit(_knock, robust=True)


def _knock() -> None:
    from .tasks import deliver_due  # the task module imports this one

    deliver_due.delay()


def deliver_one() -> bool:
    """Deliver the oldest due message. False when there is nothing to do.

    Claim, call, note: the handler is somebody else's network, so no transaction is open while it
    runs. A worker that dies in between loses its lease and the message goes out again.
    """
    message = _claim()
    if message is None:
        return False
    faultpoint("outbox.claimed")
    try:
        registry.handler_named(message.handler)(f"outbox-{message.pk}", message.payload)
    except Exception as error:  # noqa: BLE001 - a supervisor loop: one bad handler stops no other
        _postpone(message, error)
    else:
        faultpoint("outbox.handled")
        _settle(message)
    return True


def _settle(message: OutboxMessage) -> None:
    mine = OutboxMessage.objects.filter(pk=message.pk, attempts=message.attempts)
    if registry.is_kept(message.handler):
        mine.update(state=MessageState.DONE, done_at=db_now(), leased_until=None, last_error="")
    else:
        mine.delete()


@transaction.atomic
def _claim() -> OutboxMessage | None:
    now = db_now()
    earlier = OutboxMessage.objects.filter(
        ~Q(state__in=[state.value for state in OVER]),
        handler=OuterRef("handler"),
        key=OuterRef("key"),
        pk__lt=OuterRef("pk"),
    )
    message = (
        OutboxMessage.objects.select_for_update(skip_locked=True)
        .filter(
            Q(leased_until=None) | Q(leased_until__lt=now),
            ~Exists(earlier),
            state=MessageState.PENDING,
            due_at__lte=now,
        )
        .order_by("due_at", "pk")
        .first()
    )
    if message is None:
        return None
    message.leased_until = now + LEASE
    message.attempts += 1
    message.save(update_fields=["leased_until", "attempts"])
    return message


def _postpone(message: OutboxMessage, error: Exception) -> None:
    """Try later, or park what will not get better by itself. Later messages of the key wait."""
    final = isinstance(error, DomainError) and not error.retryable
    unknown = not isinstance(error, DomainError)
    parked = final or (unknown and message.attempts >= ATTEMPTS_BEFORE_PARKING)
    delay_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** min(message.attempts - 1, 10))
    # Who was not even asked says when to come again, and has not spent an attempt.
    unasked_s: float | None = getattr(error, "retry_in_s", None)
    attempts = message.attempts
    if unasked_s is not None:
        delay_s, attempts = max(1.0, unasked_s), message.attempts - 1
    delay_s *= random.uniform(0.8, 1.2)  # noqa: S311 - spreads retries, hides nothing
    code = error.code if isinstance(error, DomainError) else type(error).__name__
    if isinstance(error, DomainError):
        logger.warning(
            "outbox message=%s handler=%s refused: %s", message.pk, message.handler, code
        )
    else:
        logger.error("outbox message=%s failed", message.pk, exc_info=error)
    OutboxMessage.objects.filter(pk=message.pk, attempts=message.attempts).update(
        state=MessageState.PARKED if parked else MessageState.PENDING,
        attempts=attempts,
        due_at=db_now() + dt.timedelta(seconds=delay_s),
        leased_until=None,
        last_error=code[:200],
    )


def hurry(handlers: Sequence[str]) -> int:
    """The partner of these handlers answers again: what waits for its next try is due now."""
    count = OutboxMessage.objects.filter(
        handler__in=handlers, state=MessageState.PENDING, due_at__gt=db_now()
    ).update(due_at=db_now())
    if count:
        transaction.on_commit(_knock, robust=True)
    return count


@transaction.atomic
def requeue(message_id: int) -> bool:
    """An operator sends a message that is parked or waits again. False when it is over."""
    changed = (
        OutboxMessage.objects.filter(pk=message_id)
        .exclude(state__in=OVER)
        .update(state=MessageState.PENDING, due_at=db_now(), attempts=0, leased_until=None)
    )
    transaction.on_commit(_knock, robust=True)
    return bool(changed)


@transaction.atomic
def skip(message_id: int) -> bool:
    """An operator gives a parked message up, so that later ones of its key go on."""
    changed = OutboxMessage.objects.filter(pk=message_id, state=MessageState.PARKED).update(
        state=MessageState.SKIPPED, done_at=db_now()
    )
    transaction.on_commit(_knock, robust=True)
    return bool(changed)
