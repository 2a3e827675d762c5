"""A real media worker that is in the registry: services reach it as they reach any."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from media_worker.models import MediaWorker
from tests.support.rtc import WorkerProcess, web_stub, worker_process


@asynccontextmanager
async def registered_worker() -> AsyncIterator[WorkerProcess]:
    """What it tells goes nowhere: the test says what happened."""
    async with web_stub() as stub:
        spool = Path(settings.SPOOL_DIR)
        with worker_process(spool, stub.url, settings.MEDIA_CONTROL_TOKEN) as process:
            now = timezone.now()
            await MediaWorker.objects.acreate(
                worker_id="w1",
                control_url=process.control_url,
                started_at=now,
                last_heartbeat_at=now,
                capacity=4,
            )
            yield process
