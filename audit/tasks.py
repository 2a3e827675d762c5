"""Wake-up calls. The row is the job."""

from uuid import UUID

from celery import shared_task

from . import checking

BATCH = 5


@shared_task(name="audit.tasks.check_chain")
def check_chain(job_id: str) -> None:
    checking.run(UUID(job_id))


@shared_task(name="audit.tasks.sweep")
def sweep() -> None:
    """Jobs whose wake-up was lost or whose worker died."""
    for job_id in checking.due_checks(BATCH):
        check_chain.delay(str(job_id))
