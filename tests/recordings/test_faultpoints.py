"""Every declared point is died at (F:M1, C1): nothing is lost and nothing is there twice afterwards.

The lives of a call and its recording, in Django's processes and in a media worker.
"""

import asyncio
import contextlib
import datetime as dt
import hashlib
import importlib
import json
import signal
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings
from django.utils import timezone

from audit.chain import check_chain
from audit.models import AuditEntry
from audit.services import interview_chain
from common import faultpoint
from common.errors import DomainError
from interviews.models import Call
from interviews.services import apply_media_events, end_call, file_verdict
from interviews.states import CallState, Verdict
from media_worker import gateway
from media_worker import protocol as p
from media_worker.rtc.orphan import measure
from operations.invariants import CHECKS, check
from outbox.models import MessageState, OutboxMessage
from outbox.services import deliver_one
from qc.models import QcReview
from recordings import services
from recordings.folder import read_folder
from recordings.models import (
    DeletionCertificate,
    EarlyPart,
    Recording,
    Reel,
    RetentionRule,
    StoredObject,
)
from recordings.selectors import reel_of
from recordings.services.work import call_folder
from recordings.states import Stage
from recordings.storage import sha256_of, store
from tests.recordings.conftest import MakeEnded
from tests.recordings.test_keeping import settle_long_ago
from tests.recordings.test_upload_while_recording import files_in_store
from tests.recordings.test_views import pretend_sealed
from tests.support.deaths import ROOT, Life, die_at_each_point, points
from tests.support.factories import SEAT_ACTOR
from tests.support.rtc import Peer, WebStub, WorkerProcess, until, web_stub, worker_process

restoring = importlib.import_module("recordings.services.rebuild")  # its name is a function's, too
pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

APPS = [
    file.name
    for file in ROOT.iterdir()
    if (file / "__init__.py").is_file() and file.name != "tests"
]
MEDIA = points("media_worker")
KEEPING = points(*(f"recordings/services/{name}.py" for name in ("rebuild", "spool", "tiers")))
DELETING = points("recordings/services/retention.py")
REELS = points("recordings/services/reels.py")
# Died at in tests of their own: test_dying_line.py, test_s3.py.
ELSEWHERE = points("appointments", "queueing", "recordings/s3.py")
CALL = points(*APPS) - MEDIA - KEEPING - DELETING - REELS - ELSEWHERE


def test_there_are_points_at_every_durable_step() -> None:
    assert len(CALL | MEDIA | KEEPING | DELETING | REELS) >= 40
    assert len(ELSEWHERE) >= 20


def test_production_does_not_start_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "interview_site.settings.prod")

    with pytest.raises(RuntimeError):
        faultpoint.arm("journal.written:1")


# --- lives in Django's processes ----------------------------------------------------------------


def deliver_all() -> None:
    while deliver_one():
        pass


def keys() -> set[str]:
    return set(StoredObject.objects.values_list("key", flat=True))


def chain_of(call_id: UUID) -> str:
    return interview_chain(Call.objects.values_list("task_id", flat=True).get(pk=call_id))


def audited(call_id: UUID, *actions: str) -> int:
    return AuditEntry.objects.filter(chain=chain_of(call_id), action__in=actions).count()


def begin_call(ended_call: MakeEnded) -> UUID:
    RetentionRule.objects.get_or_create(months=6)
    call = ended_call(video=False)
    Call.objects.filter(pk=call.pk).update(state=CallState.LIVE, ended_at=None, media_epoch=1)
    return call.pk


def live_call(call_id: UUID) -> None:
    """Closed parts, hang-up, composing, sealing, storing, opinion."""
    call = Call.objects.get(pk=call_id)
    if call.is_running:
        apply_media_events(
            [
                p.Event(
                    id=f"{call_id.hex}-{number}",
                    call_id=str(call_id),
                    epoch=1,
                    kind="track.part_closed",
                    at_ms=1000,
                    payload={"file": part.file, "bytes": part.bytes, "sha256": part.sha256},
                )
                for number, part in enumerate(read_folder(call_folder(call_id)).parts)
            ]
        )
        deliver_all()
        for part_id in services.due_parts(10):
            services.send_part(part_id)
        end_call(call_id, actor=SEAT_ACTOR, reason="seat")
    deliver_all()
    recording = services.ensure_recording(call_id)
    if recording.stage != Stage.STORED:
        services.process(recording.pk)
    call.refresh_from_db()
    if call.filed_at is None:
        file_verdict(call_id, verdict=Verdict.DOUBT, actor=SEAT_ACTOR, note="收入")
    deliver_all()


def whole_call(call_id: UUID) -> None:
    recording = Recording.objects.get(call_id=call_id)
    assert recording.stage == Stage.STORED
    assert services.check_recording(recording).faults == []
    rows = list(recording.objects_stored.all())
    assert len({row.name for row in rows}) == len(rows) == 6
    assert all(row.confirmed_at for row in rows)
    assert {row.locked_until for row in rows} == {recording.lock_until} != {None}
    root = call_folder(call_id)
    assert {row.name: row.sha256 for row in rows} == {
        row.name: sha256_of(root / row.name) for row in rows
    }
    assert not EarlyPart.objects.exists()
    assert files_in_store() == keys()
    to_us = OutboxMessage.objects.exclude(
        handler__startswith="credit_bridge."
    )  # knows no such case
    assert not to_us.exclude(state=MessageState.DONE).exists()
    assert QcReview.objects.filter(call_id=call_id).count() == 1
    assert audited(call_id, "recording.stored", "call.file", "call.end") == 3
    # The heads of chains outlive the rows of tests before: of I8 only this chain counts.
    others = [key for key in CHECKS if key != "I8"]
    assert [result.broken for result in check(others) if result.count] == []
    assert check_chain(chain_of(call_id)).holds


def begin_keeping(ended_call: MakeEnded) -> UUID:
    RetentionRule.objects.all().delete()
    recording = services.ensure_recording(ended_call(video=False).pk)
    pretend_sealed(recording)
    assert services.process(recording.pk) is Stage.STORED
    settle_long_ago(recording)
    RetentionRule.objects.create(months=6, deletes=True, cold_after_days=1)
    services.set_keeping()
    return recording.call_id


def keep(call_id: UUID) -> None:
    """To the archive tier, away from the spool, and back again for a rebuild."""
    services.move_cold()
    services.remove_first_copies()
    services.free_spool()
    recording = Recording.objects.get(call_id=call_id)
    if recording.stage == Stage.STORED:
        if recording.rebuild_asked_at is None:
            services.rebuild(recording.pk, actor=SEAT_ACTOR)
        held = services.jobs.claim(recording.pk)
        assert held is not None
        restoring.restore(held, Recording.objects.select_related("call").get(pk=recording.pk))
        services.jobs.release(held)


def whole_keeping(call_id: UUID) -> None:
    recording = Recording.objects.get(call_id=call_id)
    assert recording.stage == Stage.RAW
    for row in recording.objects_stored.all():
        with store(row.tier).open(row.key) as file:
            assert hashlib.sha256(file.read()).hexdigest() == row.sha256
        if row.kind in {"track", "journal", "snapshot"}:
            assert sha256_of(call_folder(call_id) / row.name) == row.sha256
    cold = files_in_store(Path(settings.STORAGE_COLD_DIR))
    assert files_in_store() | cold == keys()
    assert not files_in_store() & cold
    assert not StoredObject.objects.exclude(first_copy_until=None).exists()
    assert audited(call_id, "recording.rebuild_asked") == 1


def delete(call_id: UUID) -> None:
    """From the archive tier, while one of the first copies is still there."""
    services.move_cold()
    for row in StoredObject.objects.filter(recording__call_id=call_id)[:1]:
        (Path(settings.STORAGE_DIR) / row.key).write_bytes(b"the first copy")
    services.delete_expired()


def whole_deleted(call_id: UUID) -> None:
    certificate = DeletionCertificate.objects.get(recording__call_id=call_id)
    assert certificate.done_at is not None
    assert len(certificate.files) == 6
    assert not StoredObject.objects.filter(recording__call_id=call_id).exists()
    assert not files_in_store() & keys()
    assert files_in_store(Path(settings.STORAGE_COLD_DIR)) == keys()
    assert not call_folder(call_id).exists()
    assert audited(call_id, "recording.deleted", "recording.deletion_begun") == 2


def begin_reel(ended_call: MakeEnded) -> UUID:
    recording = services.ensure_recording(ended_call().pk)
    assert services.process(recording.pk) is Stage.STORED
    for at_ms, done in ((100, False), (900, True)):
        step = {"order": 1, "title": "x", "done": done}
        recording.call.events.create(kind="script_step", at_ms=at_ms, payload=step)
    services.ask_reel(recording.pk, actor=SEAT_ACTOR)
    return recording.call_id


def cut_reel(call_id: UUID) -> None:
    for recording_id in services.due_reels(10):
        services.make_reel(recording_id)


def whole_reel(call_id: UUID) -> None:
    recording = Recording.objects.get(call_id=call_id)
    made = reel_of(recording)
    assert made is not None
    with store().open(made.key) as file:
        assert hashlib.sha256(file.read()).hexdigest() == made.sha256
    assert files_in_store() == keys()
    assert audited(call_id, "recording.reel_made") == 1


LIVES: dict[str, Callable[[MakeEnded], Life]] = {
    "call": lambda ended: Life(CALL, lambda: begin_call(ended), live_call, whole_call),
    "keeping": lambda ended: Life(KEEPING, lambda: begin_keeping(ended), keep, whole_keeping),
    "deleting": lambda ended: Life(DELETING, lambda: begin_keeping(ended), delete, whole_deleted),
    "reel": lambda ended: Life(REELS, lambda: begin_reel(ended), cut_reel, whole_reel),
}


def leases_run_out() -> None:
    """What time does after a death."""
    over = timezone.now() - dt.timedelta(seconds=1)
    Recording.objects.exclude(leased_until=None).update(leased_until=over)
    Recording.objects.update(due_at=timezone.now())
    EarlyPart.objects.exclude(leased_until=None).update(leased_until=over)
    Reel.objects.update(leased_until=over, attempts=0)
    OutboxMessage.objects.exclude(leased_until=None).update(leased_until=over)
    OutboxMessage.objects.update(due_at=timezone.now())


@pytest.mark.parametrize("name", LIVES)
def test_death_at_any_point_loses_nothing_and_doubles_nothing(
    name: str, ended_call: MakeEnded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "STORAGE_COLD_DIR", tmp_path / "cold")
    die_at_each_point(LIVES[name](ended_call), tmp_path / "trace", leases_run_out)


# --- lives in a media worker --------------------------------------------------------------------


async def record(worker: WorkerProcess, epoch: int) -> None:
    """A connection, a picture, the end; breaks off as soon as the worker is dead."""
    opening = p.OpenCall(epoch=epoch, t0_unix_ms=1_790_000_000_000)
    await gateway.aopen_call(worker.control_url, "call", opening)
    seat = Peer(watch=False)
    try:
        await seat.join(worker.control_url, "call", "seat", f"leg-{epoch}")
        await until(lambda: seat.camera.number > 20, "the seat sends")
        shot = p.TakeSnapshot(snapshot_id="shot", participant_id="seat")
        await gateway.asnapshot(worker.control_url, "call", shot)
        await gateway.aclose_call(worker.control_url, "call", reason="done")
    finally:
        await seat.close()


async def is_killed(spool: Path, stub: WebStub, epoch: int, point: str) -> bool:
    token, environment = settings.MEDIA_CONTROL_TOKEN, {"FAULTPOINT": point}
    with worker_process(spool, stub.url, token, env=environment) as worker:
        life = asyncio.create_task(record(worker, epoch))
        dead = asyncio.create_task(asyncio.to_thread(worker.process.wait))
        try:
            await asyncio.wait([life, dead], return_when=asyncio.FIRST_COMPLETED)
            if not dead.done() and life.exception() is None:
                worker.process.terminate()  # what is still to be told is told before it ends
            with contextlib.suppress(DomainError, AssertionError):
                await life
            status = await asyncio.wait_for(dead, 15)
        finally:
            worker.kill()  # it is dead already: this closes its pipe
    return status == -signal.SIGKILL


def whole_folder(folder: Path, stub: WebStub, *, is_all_told: bool) -> None:
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert [line["kind"] for line in lines].count("call.opened") == 1
    assert lines[-1]["kind"] == "call.closed"
    started = [line["file"] for line in lines if line["kind"] == "track.started"]
    ended = {line["file"]: line for line in lines if line["kind"] == "track.ended"}
    assert len(started) == len(set(started))
    assert sorted(started) == sorted(ended)
    for name, line in ended.items():
        assert sha256_of(folder / name) == line["sha256"]
    told = {
        event.payload["file"]: event.payload["sha256"] for event in stub.of("track.part_closed")
    }
    hashes = {name: line["sha256"] for name, line in ended.items()}
    assert told.items() <= hashes.items()
    assert told == hashes or not is_all_told
    shots = [line for line in lines if line["kind"] == "snapshot"]
    assert sha256_of(folder / shots[-1]["file"]) == shots[-1]["sha256"]
    for file in (folder / "tracks").iterdir():
        if f"tracks/{file.name}" not in ended:
            # Killed before its first line was on the disk: less than a second of it (M5).
            found = measure(file)
            assert found is None or found.duration_ms < 1000


# A peer whose worker dies while it connects leaves sockets to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_death_of_a_media_worker_at_any_point_loses_nothing_that_was_written(
    tmp_path: Path,
) -> None:
    pending = sorted(MEDIA, key=lambda name: name.startswith("call."))
    for life in range(4):
        spool = tmp_path / f"spool-{life}"
        async with web_stub() as stub:
            assert await is_killed(spool, stub, 1, "track.written:3")
            epoch, killed, died_closed = 2, len(pending), False
            for point in list(pending):
                if not await is_killed(spool, stub, epoch, f"{point}:1"):
                    break
                pending.remove(point)
                epoch += 1
                if died_closed := point == "call.closed":
                    break
            else:
                assert not await is_killed(spool, stub, epoch, "")
            # Who dies after closing the call is not asked again: its files are stored from the folder.
            whole_folder(spool / "call", stub, is_all_told=not died_closed)
            assert len(pending) < killed, pending
        if not pending:
            return
    raise AssertionError(pending)
