"""Wake-ups of the outbox: the rows are the messages."""

from celery import shared_task

from . import services

BATCH = 100


@shared_task
def deliver_due() -> None:
    """Deliver what is due; the rest of a long backlog waits for the next knock."""
    for _ in range(BATCH):
        if not services.deliver_one():
            return
