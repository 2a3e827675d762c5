"""Wake-ups of the outbox: the rows are the messages."""

import threading

from celery import shared_task

from . import services

BATCH = 100
AT_ONCE = 4  # of a process: partners that keep everybody waiting leave threads to the deadlines
_turns = threading.BoundedSemaphore(AT_ONCE)


@shared_task
def deliver_due() -> None:
    """Deliver what is due; the rest of a long backlog waits for the next knock."""
    if not _turns.acquire(blocking=False):
        return  # those at it go on until nothing is due
    try:
        for _ in range(BATCH):
            if not services.deliver_one():
                return
    finally:
        _turns.release()
