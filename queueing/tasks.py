"""Wake-ups: offers and requests carry their deadlines."""

from celery import shared_task

from . import services


@shared_task
def sweep() -> None:
    services.sweep()


@shared_task
def replay(owner: str, trial_id: str) -> None:
    services.run_trial(owner, trial_id)


@shared_task
def watch() -> None:
    services.evaluate_alerts()
