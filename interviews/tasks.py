"""Wake-ups: the deadlines are rows."""

from celery import shared_task

from . import services


@shared_task
def sweep() -> None:
    services.move_stranded_calls()
    services.expire_reconnects()
