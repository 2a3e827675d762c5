"""Wake-up calls. The row is the job; a task that comes twice or never does no harm."""

from celery import shared_task

from . import services

BATCH = 5


@shared_task(name="marketing_media.tasks.encode")
def encode(item_id: int) -> None:
    services.encode_item(item_id)


@shared_task(name="marketing_media.tasks.sweep")
def sweep() -> None:
    """Catch what a lost message or a dead worker left lying; tidy up."""
    for item_id in services.due_items(BATCH):
        encode.delay(item_id)
    services.drop_stale_uploads()
    services.forget_old_files()
