"""Wake-up calls. The row is the job."""

from celery import shared_task

from . import services


@shared_task
def draw_samples() -> None:
    services.draw_due_samples()


@shared_task
def sweep() -> None:
    services.give_back_lapsed()


@shared_task
def refresh_reasons() -> None:
    services.refresh_reasons()
