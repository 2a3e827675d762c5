"""Wake-ups of the bridge: rows say what is to be done."""

from celery import shared_task

from . import services


@shared_task
def reconcile_daily() -> None:
    services.reconcile_once_a_day()
