"""Wake-ups: the deadlines are rows."""

from celery import shared_task

from . import services


@shared_task
def sweep() -> None:
    services.move_stranded_calls()
    services.expire_reconnects()
    services.end_deserted()


@shared_task
def move_stranded() -> None:
    services.move_stranded_calls()
