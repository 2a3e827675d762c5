"""Wake-up calls. The row is the job."""

from uuid import UUID

from celery import shared_task

from . import services

BATCH = 5


@shared_task(name="exports.tasks.make_export")
def make_export(job_id: str) -> None:
    services.make(UUID(job_id))


@shared_task(name="exports.tasks.sweep")
def sweep() -> None:
    """Jobs whose wake-up was lost or whose worker died; files whose day is over."""
    for job_id in services.due_jobs(BATCH):
        make_export.delay(str(job_id))
    services.remove_expired()
