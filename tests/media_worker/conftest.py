"""A real worker, a stand-in for Django's event endpoint, and peers that are closed afterwards."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from django.conf import settings

from media_worker import gateway
from media_worker import protocol as p
from tests.support.rtc import Peer, WebStub, WorkerProcess, web_stub, worker_process


@pytest_asyncio.fixture
async def django_side() -> AsyncIterator[WebStub]:
    async with web_stub() as stub:
        yield stub


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def worker(spool: Path, django_side: WebStub) -> Iterator[WorkerProcess]:
    with worker_process(spool, django_side.url, settings.MEDIA_CONTROL_TOKEN) as process:
        yield process


@pytest_asyncio.fixture
async def new_peer() -> AsyncIterator[Callable[..., Peer]]:
    peers: list[Peer] = []

    def make(**options: Any) -> Peer:
        peer = Peer(**options)
        peers.append(peer)
        return peer

    yield make
    for peer in peers:
        await peer.close()


@pytest_asyncio.fixture
async def call_id(worker: WorkerProcess) -> str:
    await gateway.aopen_call(worker.control_url, "call-1", opening())
    return "call-1"


def opening(epoch: int = 1, **fields: Any) -> p.OpenCall:

    return p.OpenCall(epoch=epoch, t0_unix_ms=int(time.time() * 1000), **fields)
