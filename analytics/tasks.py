"""Wake-ups: what was touched is in the database."""

from celery import shared_task

from . import services


@shared_task
def count_lines_again() -> None:
    services.count_lines_again()


@shared_task
def keep_months() -> None:
    services.keep_months()
