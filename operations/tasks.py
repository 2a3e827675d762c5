"""Signs of life of the background processes."""

import time
from typing import Any

from celery import current_app, shared_task
from celery.signals import heartbeat_sent
from celery.worker import state
from django.core.cache import cache

from common.queues import LONG

from .checks import CELERY_SEEN_KEY, LONG_SEEN_KEY


@shared_task(name="operations.tasks.note_alive")
def note_alive() -> None:
    """Beat and the short worker together: one schedules it, the other runs it."""
    cache.set(CELERY_SEEN_KEY, time.time(), 300)


@heartbeat_sent.connect
def note_long_alive(**_: Any) -> None:
    """The long worker tells by itself: a task would wait behind the minutes of the others."""
    if LONG in current_app.amqp.queues.consume_from:
        seen = {"at": time.time(), "busy": len(state.active_requests)}
        cache.set(LONG_SEEN_KEY, seen, 300)
