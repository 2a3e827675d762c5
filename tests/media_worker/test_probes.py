"""Network tests beside the calls: they count for nothing, are few at a time and leave nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from media_worker import gateway
from media_worker.worker import Worker, WorkerOptions
from tests.media_worker.conftest import opening
from tests.support.rtc import Peer, WebStub, WorkerProcess, until

NewPeer = Callable[..., Peer]
AT_A_TIME = 10  # of a worker for 30 calls


async def open_tests(worker: WorkerProcess, number: int) -> None:
    for index in range(number):
        probe = opening(probe=True, record="manual")
        await gateway.aopen_call(worker.control_url, f"probe-{index}", probe)


async def test_network_tests_are_no_calls_and_no_more_than_a_third_of_them(
    worker: WorkerProcess, django_side: WebStub
) -> None:
    await open_tests(worker, AT_A_TIME)
    with pytest.raises(gateway.ProbesFull):
        await open_tests(worker, AT_A_TIME + 1)
    await gateway.aopen_call(worker.control_url, "call-1", opening())
    beats = len(django_side.heartbeats)
    await until(lambda: len(django_side.heartbeats) > beats + 1, "the worker says how it is")

    assert (await gateway.ahealth(worker.control_url)).calls == 1
    assert django_side.heartbeats[-1].calls == 1


async def test_a_network_test_is_over_and_its_place_free_when_both_ends_hang_up(
    worker: WorkerProcess, new_peer: NewPeer, spool: Path, django_side: WebStub
) -> None:
    await open_tests(worker, AT_A_TIME)
    back, out = new_peer(), new_peer()
    await back.join(worker.control_url, "probe-0", "receive", "leg-r", "customer")
    await out.join(worker.control_url, "probe-0", "send", "leg-s", "customer")
    await back.seen[0].wait_for(pictures=3)

    await back.close()
    await out.close()
    await until(lambda: not (spool / ".probes" / "probe-0").exists(), "nothing is left")
    again = opening(probe=True, record="manual")
    await gateway.aopen_call(worker.control_url, "probe-again", again)

    assert django_side.events == []


async def test_a_worker_that_stops_drops_its_network_tests_without_a_word(
    tmp_path: Path, django_side: WebStub, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(WorkerOptions("w1", django_side.url, tmp_path, settings.MEDIA_CONTROL_TOKEN))
    worker.start("http://nobody")
    for index in range(AT_A_TIME):
        await worker.open_call(f"probe-{index}", opening(probe=True, record="manual"))

    await worker.stop()

    assert list((tmp_path / ".probes").iterdir()) == []
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
