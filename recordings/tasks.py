"""Wake-up calls. The row is the job; a task that comes twice or never does no harm."""

from uuid import UUID

from celery import shared_task

from . import services

BATCH = 20


@shared_task(name="recordings.tasks.process")
def process(recording_id: str) -> None:
    services.process(UUID(recording_id))


@shared_task(name="recordings.tasks.send_part")
def send_part(part_id: int) -> None:
    services.send_part(part_id)


@shared_task(name="recordings.tasks.make_reel")
def make_reel(recording_id: str) -> None:
    services.make_reel(UUID(recording_id))


@shared_task(name="recordings.tasks.sweep")
def sweep() -> None:
    """Catch what a lost message or a dead worker left lying."""
    for call_id in services.ended_calls_without_recording(BATCH):
        services.ensure_recording(call_id)
    for recording_id in services.due_recordings(BATCH):
        process.delay(str(recording_id))
    for part_id in services.due_parts(BATCH):
        send_part.delay(part_id)
    for recording_id in services.due_reels(BATCH):
        make_reel.delay(str(recording_id))
    services.take_in_rescues()


@shared_task(name="recordings.tasks.find_lost")
def find_lost() -> None:
    """Once a night over all calls: what the sweep did not find while it was recent."""
    while lost := services.ended_calls_without_recording(BATCH, ever=True):
        for call_id in lost:
            services.ensure_recording(call_id)


@shared_task(name="recordings.tasks.keep")
def keep() -> None:
    """Dates of keeping, what is over by its date, what moves to the archive, what may leave here."""
    services.keep()


@shared_task(name="recordings.tasks.tell_holds")
def tell_holds() -> None:
    services.note_broken_deletions()
    services.tell_holds()


@shared_task(name="recordings.tasks.anchor_days")
def anchor_days() -> None:
    """The signed root of each day that is over, with a copy in the store."""
    services.anchor_days()
