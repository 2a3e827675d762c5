"""Wake-ups: the slot's end is the deadline."""

from celery import shared_task

from . import services


@shared_task
def sweep() -> None:
    services.expire_past()
