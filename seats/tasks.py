"""Wake-ups: silence is the deadline."""

from celery import shared_task

from . import services


@shared_task
def sweep() -> None:
    services.lose_silent()
