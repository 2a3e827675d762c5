"""The sign of life of beat and worker together: one schedules it, the other runs it."""

import time

from celery import shared_task
from django.core.cache import cache

from .checks import CELERY_SEEN_KEY


@shared_task(name="operations.tasks.note_alive")
def note_alive() -> None:
    cache.set(CELERY_SEEN_KEY, time.time(), 300)
