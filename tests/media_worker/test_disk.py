"""The spool's disk runs full (D1): new calls are refused, sound is kept, everybody is told."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from media_worker import gateway
from media_worker.spool import RESERVE, Spool
from tests.media_worker.conftest import opening
from tests.support.rtc import Peer, WebStub, WorkerProcess, until, worker_process

NewPeer = Callable[..., Peer]
DISK_MB = 8
# A disk of its own for one process, without being root.
TINY_DISK = (
    *("unshare", "--user", "--map-root-user", "--mount", "sh", "-c"),
    f'mount -t tmpfs -o size={DISK_MB}m tmpfs "$0" && exec "$@"',
)


@pytest.fixture
def tiny(spool: Path, django_side: WebStub) -> Iterator[WorkerProcess]:
    """A worker whose spool has 8 MB, 2 of them in reserve; a call counts for one."""
    spool.mkdir()
    prefix = (*TINY_DISK, str(spool))
    if shutil.which("unshare") is None or subprocess.run([*prefix, "true"], check=False).returncode:
        pytest.skip("this machine lets nobody mount")
    options = ("--reserve-mb", "2", "--call-mb", "1")
    with worker_process(
        spool, django_side.url, settings.MEDIA_CONTROL_TOKEN, prefix=prefix, options=options
    ) as process:
        yield process


def seen_by(worker: WorkerProcess) -> Path:
    return Path(f"/proc/{worker.process.pid}/root{worker.spool}")


def fill(folder: Path) -> Path:
    """Take all the room there is, as somebody else's files would."""
    filler = folder / "filler"
    with filler.open("wb") as out:
        while True:
            try:
                out.write(bytes(1 << 16))
                out.flush()
            except OSError:
                return filler


@pytest.mark.fault
async def test_a_full_disk_costs_the_picture_first_and_says_so(
    tiny: WorkerProcess, new_peer: NewPeer, django_side: WebStub
) -> None:
    await gateway.aopen_call(tiny.control_url, "call-1", opening())
    seat = new_peer()
    await seat.join(tiny.control_url, "call-1", "seat", "leg-s")
    await until(lambda: django_side.of("recording.started"), "it is recorded")

    filler = await asyncio.to_thread(fill, seen_by(tiny))
    told = await until(lambda: django_side.of("recording.degraded"), "everybody is told", 3)
    await until(lambda: _kinds(django_side) == {"audio"}, "only sound is written")
    with pytest.raises(gateway.SpoolFull):
        await gateway.aopen_call(tiny.control_url, "call-2", opening())
    heard = await gateway.aproof(tiny.control_url, "call-1")
    written = heard.tracks[0].bytes
    await until(lambda: _bytes(django_side) > written, "sound goes on")
    filler.unlink()
    await until(lambda: django_side.of("recording.restored"), "the picture is back", 5)
    await until(lambda: _kinds(django_side) == {"audio", "video"}, "both are written")
    closed = await gateway.aclose_call(tiny.control_url, "call-1", reason="done")

    assert told[0].payload == {"reason": "disk_full"}
    heard_ms = sum(t.end_ms - t.start_ms for t in closed.tracks if t.kind == "audio")
    assert (
        heard_ms > closed.duration_ms - 3000
    )  # a write may have failed before the reserve was freed
    lines = (seen_by(tiny) / "call-1" / "journal.jsonl").read_text().splitlines()
    entries: list[dict[str, Any]] = [json.loads(line) for line in lines]
    restored = next(entry for entry in entries if entry["kind"] == "recording.restored")
    pictures = sorted((t for t in closed.tracks if t.kind == "video"), key=lambda t: t.start_ms)
    assert abs(pictures[0].end_ms - restored["from_ms"]) < 1000
    assert pictures[1].start_ms >= restored["to_ms"] - 100


def _kinds(django_side: WebStub) -> set[str]:
    return {track["kind"] for track in django_side.of("proof")[-1].payload["tracks"]}


def _bytes(django_side: WebStub) -> int:
    return sum(track["bytes"] for track in django_side.of("proof")[-1].payload["tracks"])


def test_the_reserve_is_not_taken_from_a_disk_that_has_little(tmp_path: Path) -> None:
    free_mb = shutil.disk_usage(tmp_path).free >> 20

    Spool(tmp_path, reserve_mb=free_mb // 2)

    assert not (tmp_path / RESERVE).exists()


def test_a_further_call_must_fit_beside_what_the_others_still_need(tmp_path: Path) -> None:
    free_mb = shutil.disk_usage(tmp_path).free >> 20

    spool = Spool(tmp_path, reserve_mb=0, call_mb=free_mb // 3)

    assert spool.holds_another(running=0)
    assert spool.holds_another(running=3)
    assert not spool.holds_another(running=5)
