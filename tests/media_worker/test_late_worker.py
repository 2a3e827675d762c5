"""A worker that does not keep up takes no new call (F:M8)."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from django.conf import settings

from media_worker import gateway
from tests.media_worker.conftest import opening
from tests.support.rtc import WebStub, WorkerProcess, until, worker_process


@pytest.fixture
def strict(spool: Path, django_side: WebStub) -> Iterator[WorkerProcess]:
    options = ("--lag-limit-ms", "100")
    with worker_process(
        spool, django_side.url, settings.MEDIA_CONTROL_TOKEN, options=options
    ) as process:
        yield process


@asynccontextmanager
async def starved(worker: WorkerProcess) -> AsyncIterator[None]:
    """The machine gives the worker a little time every third of a second."""

    async def hold() -> None:
        while True:
            worker.process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(0.3)
            worker.process.send_signal(signal.SIGCONT)
            await asyncio.sleep(0.03)

    holding = asyncio.create_task(hold())
    try:
        yield
    finally:
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)
        worker.process.send_signal(signal.SIGCONT)


@pytest.mark.fault
async def test_a_worker_whose_loop_is_late_refuses_new_calls_until_it_keeps_up_again(
    strict: WorkerProcess, django_side: WebStub
) -> None:
    await gateway.aopen_call(strict.control_url, "runs", opening())
    await until(lambda: django_side.heartbeats and not django_side.heartbeats[-1].lagging, "calm")

    async with starved(strict):
        await until(lambda: django_side.heartbeats[-1].lagging, "it says so", 60)
        with pytest.raises(gateway.MediaBusy):
            await gateway.aopen_call(strict.control_url, "new", opening())
        # The one that goes on is never refused.
        await gateway.aopen_call(strict.control_url, "runs", opening(epoch=2))
    await until(lambda: not django_side.heartbeats[-1].lagging, "it keeps up again", 60)

    assert (await gateway.aopen_call(strict.control_url, "new", opening())).opened
