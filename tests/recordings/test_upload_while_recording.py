"""边录边传: closed parts are in the store before the call ends, once, whoever is killed (WB-6, O1)."""

import datetime as dt
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from interviews.models import Call
from interviews.services import apply_media_events
from interviews.states import CallState
from media_worker.protocol import Event
from operations.invariants import check
from outbox.models import OutboxMessage
from outbox.services import deliver_one
from parameters.services import set_value
from recordings import health, services
from recordings.folder import Part, read_folder
from recordings.models import EarlyPart, Recording, StoredObject
from recordings.states import Stage
from recordings.storage import store
from tests.recordings.conftest import MakeEnded
from tests.recordings.test_views import pretend_sealed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def running(ended_call: MakeEnded) -> Call:
    """A call that still runs, with closed parts in its folder."""
    call = ended_call(video=False)
    Call.objects.filter(pk=call.pk).update(state=CallState.LIVE, ended_at=None, media_epoch=1)
    call.refresh_from_db()
    return call


def parts_of(call: Call) -> list[Part]:
    return read_folder(Path(settings.SPOOL_DIR) / str(call.pk)).parts


def tell(call: Call, part: Part, event_id: str = "") -> None:
    """The media worker's news of a closed file, as far as the handlers."""
    payload = {"file": part.file, "bytes": part.bytes, "sha256": part.sha256, "kind": part.kind}
    body = {"id": event_id or uuid4().hex, "call_id": str(call.pk), "epoch": 1, "at_ms": 900}
    apply_media_events(
        [Event.model_validate(body | {"kind": "track.part_closed", "payload": payload})]
    )
    while deliver_one():
        pass


def end(call: Call) -> Recording:
    Call.objects.filter(pk=call.pk).update(state=CallState.ENDED, ended_at=timezone.now())
    recording = services.ensure_recording(call.pk)
    pretend_sealed(recording)
    return recording


def files_in_store(root: Path | None = None) -> set[str]:
    """The keys there are; what a dead process left half done is no key, and would show."""
    files = (root or Path(settings.STORAGE_DIR)).rglob("*")
    return {f"{path.parent.name}/{path.name}" for path in files if path.is_file()}


def test_a_closed_part_is_in_the_store_while_the_call_runs_and_is_not_sent_again(running):
    for number, part in enumerate(parts_of(running)):
        tell(running, part, event_id=f"once-{number}")
        tell(running, part, event_id=f"once-{number}")
        tell(running, part)
    assert not OutboxMessage.objects.filter(topic="track.part_closed").exists()
    for pk in services.due_parts(10):
        assert services.send_part(pk)
        assert not services.send_part(pk)

    sent = {row.name: row for row in EarlyPart.objects.exclude(confirmed_at=None)}
    assert sorted(sent) == sorted(part.file for part in parts_of(running))
    inodes = {key: (Path(settings.STORAGE_DIR) / key).stat().st_ino for key in files_in_store()}

    recording = end(running)
    assert services.process(recording.pk) is Stage.STORED

    rows = {row.name: row for row in StoredObject.objects.all()}
    assert len(rows) == 6
    for name, early in sent.items():
        assert (rows[name].key, rows[name].confirmed_at) == (early.key, early.confirmed_at)
    for key, inode in inodes.items():
        assert (Path(settings.STORAGE_DIR) / key).stat().st_ino == inode
    assert files_in_store() == {row.key for row in rows.values()}
    assert not EarlyPart.objects.exists()
    assert not any(result.count for result in check(["I7"]))


def no_tracks():
    set_value("output_tracks", 0, scope="global", by="test")


def after_the_call():
    set_value("upload_when", 1, scope="global", by="test")


@pytest.mark.parametrize("setting", [no_tracks, after_the_call])
def test_nothing_is_sent_early_that_is_not_to_be(running, setting):
    setting()

    tell(running, parts_of(running)[0])

    assert not EarlyPart.objects.exists()


def test_what_came_out_different_is_stored_under_its_own_key_and_the_early_copy_goes(running):
    part = parts_of(running)[0]
    tell(running, part)
    services.send_part(EarlyPart.objects.get().pk)
    early = EarlyPart.objects.get()
    track = Path(settings.SPOOL_DIR) / str(running.pk) / part.file
    track.write_bytes(track.read_bytes() + b"more")

    recording = end(running)
    assert services.drop_unused_parts() == 0  # its recording may still name it
    assert services.process(recording.pk) is Stage.STORED
    assert services.drop_unused_parts() == 1

    row = StoredObject.objects.get(name=part.file)
    assert row.key != early.key
    assert store().exists(row.key)
    assert not store().exists(early.key)
    assert not EarlyPart.objects.exists()


def test_a_part_that_cannot_be_sent_now_is_tried_again_and_never_confirmed_wrongly(running):
    part = parts_of(running)[0]
    tell(running, part)
    track = Path(settings.SPOOL_DIR) / str(running.pk) / part.file
    right = track.read_bytes()
    track.write_bytes(right[:-1] + b"x")

    pk = EarlyPart.objects.get().pk
    assert not services.send_part(pk)
    row = EarlyPart.objects.get()
    assert (row.confirmed_at, row.attempts, row.leased_until) == (None, 1, None)
    assert not files_in_store()
    assert not services.send_part(pk)  # not due yet
    track.write_bytes(right)
    EarlyPart.objects.update(due_at=timezone.now())

    assert services.send_part(pk)


def test_of_many_senders_at_once_one_sends(running):
    tell(running, parts_of(running)[0])
    pk = EarlyPart.objects.get().pk
    gate, sent = threading.Barrier(6), []

    def send() -> None:
        gate.wait(10)
        sent.append(services.send_part(pk))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(sent) == [False] * 5 + [True]
    assert len(files_in_store()) == 1


def test_the_end_of_the_call_waits_for_a_part_that_is_on_its_way(running):
    tell(running, parts_of(running)[0])
    EarlyPart.objects.update(leased_until=timezone.now() + dt.timedelta(seconds=60), epoch=1)
    recording = end(running)

    assert services.process(recording.pk) is None

    recording.refresh_from_db()
    assert (recording.stage, recording.attempts) == (Stage.SEALED, 1)
    EarlyPart.objects.update(leased_until=None)
    Recording.objects.update(due_at=timezone.now())
    assert services.process(recording.pk) is Stage.STORED
    assert len(files_in_store()) == 6


def test_by_hand_the_upload_waits_for_the_opinion_and_not_for_ever(running):
    set_value("upload_when", 2, scope="global", by="test")
    recording = end(running)
    assert services.process(recording.pk) is None
    recording.refresh_from_db()
    assert (recording.stage, recording.attempts, recording.error) == (Stage.SEALED, 0, "")
    assert not files_in_store()
    Recording.objects.update(created_at=timezone.now() - dt.timedelta(hours=1))
    assert not health.troubled().exists()

    Call.objects.filter(pk=running.pk).update(filed_at=timezone.now())
    services.hurry(running.pk)

    assert services.process(recording.pk) is Stage.STORED
    services.hurry(running.pk)


def test_by_hand_it_is_uploaded_after_a_day_without_an_opinion(running):
    set_value("upload_when", 2, scope="global", by="test")
    recording = end(running)
    assert services.process(recording.pk) is None
    Recording.objects.update(
        created_at=timezone.now() - dt.timedelta(hours=25), due_at=timezone.now()
    )

    assert services.process(recording.pk) is Stage.STORED


SENDER = """
import os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "interview_site.settings.test"
django.setup()
from recordings import services, storage
true_replace = storage.make_durable
count = [0]
def make_durable(path):
    true_replace(path)
    count[0] += 1
    if count[0] == int(sys.argv[2]):
        print("there", flush=True)
        sys.stdin.read()
storage.make_durable = make_durable
services.send_part(int(sys.argv[1]))
"""


@contextmanager
def killed_when_there(part: int, step: int) -> Iterator[None]:
    """A sender that is killed with kill -9: 1 before its file is in place, 2 after."""
    database = settings.DATABASES["default"]
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    folders = {name: str(getattr(settings, name)) for name in ("SPOOL_DIR", "STORAGE_DIR")}
    with subprocess.Popen(
        [sys.executable, "-c", SENDER, str(part), str(step)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "DATABASE_URL": url, **folders},
        cwd=settings.BASE_DIR,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    yield


def by_another_sender(part: int) -> None:
    assert services.send_part(part)


def by_the_end_of_the_call(part: int) -> None:
    """Nobody sends parts any more; the lease has run out when the recording is stored."""


@pytest.mark.fault
@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("succeeded", [by_another_sender, by_the_end_of_the_call])
def test_a_sender_killed_with_kill_9_is_succeeded_under_the_same_key(
    running: Call, step: int, succeeded: Callable[[int], None]
) -> None:
    tell(running, parts_of(running)[0])
    early = EarlyPart.objects.get()

    with killed_when_there(early.pk, step):
        assert EarlyPart.objects.get().confirmed_at is None
        assert not services.send_part(early.pk)  # the dead one's lease
        EarlyPart.objects.update(leased_until=timezone.now() - dt.timedelta(seconds=1))
        succeeded(early.pk)

    recording = end(running)
    assert services.process(recording.pk) is Stage.STORED
    assert StoredObject.objects.get(name=early.name).key == early.key
    assert files_in_store() == set(StoredObject.objects.values_list("key", flat=True))
