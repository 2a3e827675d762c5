"""A recording's whole life in a real S3 store with object lock: broken off, stored, held, let go."""

import datetime as dt
import hashlib
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from pytest_django.fixtures import Settings

from audit.models import AuditEntry
from operations.children import wait_until
from recordings import selectors, services, storage
from recordings.models import (
    ArchiveEntry,
    DeletionCertificate,
    LegalHold,
    Recording,
    RetentionRule,
    StoredObject,
)
from recordings.s3 import PART_BYTES
from recordings.services.keeping import add_months
from recordings.states import ObjectKind, Stage, Tier
from tests.recordings.conftest import MakeEnded
from tests.recordings.test_keeping import settle_long_ago
from tests.recordings.test_views import pretend_sealed
from tests.support.factories import SEAT_ACTOR
from tests.support.s3 import ACCESS_KEY, SECRET_KEY, S3Server, s3_server

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

PARTS = 3
# Dies by its parent's hand before the last part of the copy is sent.
UPLOADER = """
import os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "interview_site.settings.test"
django.setup()
from recordings import services, storage
from recordings.services import stages
stages.TELL_EVERY_S = 0
def stop(params, **_kw):
    if params["query_string"]["partNumber"] == int(sys.argv[2]):
        print("there", flush=True)
        sys.stdin.read()
storage.store()._client.meta.events.register("before-call.s3.UploadPart", stop)
services.process(sys.argv[1])
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture
def bucket(server: S3Server, settings: Settings) -> Iterator[S3Server]:
    """The installation's store is a bucket with object lock, new for each test."""
    settings.S3_BUCKET = f"recordings-{secrets.token_hex(4)}"
    server.client().create_bucket(Bucket=settings.S3_BUCKET, ObjectLockEnabledForBucket=True)
    settings.STORAGE_BACKEND, settings.S3_OBJECT_LOCK = "s3", "COMPLIANCE"
    settings.S3_ENDPOINT = server.url
    settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY = ACCESS_KEY, SECRET_KEY
    storage._s3_store.cache_clear()
    yield server
    storage._s3_store.cache_clear()


def sealed(ended_call: MakeEnded) -> Recording:
    """With a copy of three parts."""
    recording = services.ensure_recording(ended_call(video=False).pk)
    pretend_sealed(recording, os.urandom((PARTS - 1) * PART_BYTES + 12_345))
    recording.refresh_from_db()
    return recording


def killed_before_part(number: int, recording: Recording) -> None:
    """Another process begins to store and is killed with kill -9."""
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(
        **settings.DATABASES["default"]
    )
    names = ["SPOOL_DIR", "STORAGE_BACKEND", "S3_ENDPOINT", "S3_ACCESS_KEY", "S3_SECRET_KEY"]
    names += ["S3_BUCKET", "S3_OBJECT_LOCK"]
    with subprocess.Popen(
        [sys.executable, "-c", UPLOADER, str(recording.pk), str(number)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "DATABASE_URL": url, **{n: str(getattr(settings, n)) for n in names}},
        cwd=settings.BASE_DIR,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
        process.send_signal(signal.SIGKILL)
    # What time does to a lease whose holder was killed.
    Recording.objects.update(leased_until=timezone.now() - dt.timedelta(seconds=1))


def parts_sent() -> list[int]:
    """The numbers of the parts that are sent from now on."""
    numbers: list[int] = []
    store: Any = storage.store()
    store._client.meta.events.register(
        "before-call.s3.UploadPart",
        lambda params, **_kw: numbers.append(int(params["query_string"]["partNumber"])),
    )
    return numbers


def in_store() -> dict[str, str]:
    """Name and SHA-256 of every file, as the store gives it back."""
    found = {}
    for row in StoredObject.objects.all():
        with storage.store(row.tier).open(row.key) as file:
            found[row.name] = hashlib.sha256(file.read()).hexdigest()
    return found


def versions(server: S3Server, bucket: str = "") -> int:
    """Versions and delete markers in the bucket: what is deleted for good leaves none."""
    listed = server.client().list_object_versions(Bucket=bucket or settings.S3_BUCKET)
    return len(listed.get("Versions", [])) + len(listed.get("DeleteMarkers", []))


def test_a_recording_is_resumed_locked_held_and_at_last_deleted_with_a_certificate(
    bucket: S3Server, ended_call: MakeEnded
) -> None:
    recording = sealed(ended_call)
    contract_no = recording.call.task.contract_no

    # Broken off within a file: the page says how much of it is there, the next one sends the rest.
    killed_before_part(PARTS, recording)
    waiting = selectors.upload_of(recording)
    (copy,) = StoredObject.objects.filter(kind=ObjectKind.COMPOSED)
    assert copy.confirmed_at is None
    assert copy.here_bytes == (PARTS - 1) * PART_BYTES
    assert copy.here_bytes < waiting["bytes_done"] < waiting["bytes"]
    sent = parts_sent()
    assert services.process(recording.pk) is Stage.STORED
    assert sent == [PARTS]
    promised = dict(StoredObject.objects.values_list("name", "sha256"))
    assert in_store() == promised
    assert not bucket.client().list_multipart_uploads(Bucket=settings.S3_BUCKET).get("Uploads")

    # Its date locks it in the store, whatever our own tables say later.
    task = recording.call.task
    task.settled_at = timezone.now()
    task.save()
    rule = RetentionRule.objects.create(months=6, deletes=True)
    assert services.set_keeping() == 1
    assert services.tell_dates() == len(promised)
    settle_long_ago(recording)
    Recording.objects.update(keep_until=timezone.localdate() - dt.timedelta(days=1))
    assert services.delete_expired() == 0
    assert in_store() == promised
    certificate = DeletionCertificate.objects.get()
    assert certificate.done_at is None
    recording.refresh_from_db()
    assert recording.stage == Stage.STORED
    assert contract_no == certificate.contract_no
    assert rule.months == certificate.rule["months"]


def test_a_hold_outlives_our_own_word_for_it(bucket: S3Server, ended_call: MakeEnded) -> None:
    recording = sealed(ended_call)
    assert services.process(recording.pk) is Stage.STORED
    promised = dict(StoredObject.objects.values_list("name", "sha256"))
    task = recording.call.task
    settle_long_ago(recording)
    RetentionRule.objects.create(months=6, deletes=True)
    services.place_hold(task.contract_no, reason="诉讼", actor=SEAT_ACTOR)
    assert services.tell_holds() == len(promised)

    assert services.set_keeping() == 1  # the date is over already: nothing to lock by date
    assert services.delete_expired() == 0
    assert not DeletionCertificate.objects.exists()

    # Somebody who can write our tables cannot delete what the store was told to hold.
    LegalHold.objects.update(released_at=timezone.now())
    assert services.delete_expired() == 0
    assert in_store() == promised

    assert services.tell_holds() == len(promised)
    assert services.delete_expired() == 1
    certificate = DeletionCertificate.objects.get()
    assert {file["name"]: file["sha256"] for file in certificate.files} == promised
    assert certificate.done_at is not None
    assert versions(bucket) == 0
    recording.refresh_from_db()
    assert recording.stage == Stage.DELETED
    assert not ArchiveEntry.objects.exists()
    assert AuditEntry.objects.filter(action="recording.deleted").count() == 1


# --- two tiers that lock --------------------------------------------------------------------


@pytest.fixture
def two_tiers(bucket: S3Server, settings: Settings) -> S3Server:
    """Locks somebody with the right can lift: what time does is done by hand."""
    settings.S3_COLD_BUCKET = f"cold-{secrets.token_hex(4)}"
    bucket.client().create_bucket(Bucket=settings.S3_COLD_BUCKET, ObjectLockEnabledForBucket=True)
    settings.S3_OBJECT_LOCK = "GOVERNANCE"
    storage._s3_store.cache_clear()
    return bucket


def locks_end(server: S3Server, bucket: str) -> None:
    soon = timezone.now() + dt.timedelta(seconds=2)
    for key in StoredObject.objects.values_list("key", flat=True):
        server.client().put_object_retention(
            Bucket=bucket,
            Key=key,
            Retention={"Mode": "GOVERNANCE", "RetainUntilDate": soon},
            BypassGovernanceRetention=True,
        )
    assert wait_until(lambda: timezone.now() > soon, within_s=10)


def locked_until(server: S3Server, bucket: str) -> set[dt.date]:
    return {
        timezone.localdate(
            server.client().get_object_retention(Bucket=bucket, Key=key)["Retention"][
                "RetainUntilDate"
            ]
        )
        for key in StoredObject.objects.values_list("key", flat=True)
    }


@pytest.fixture
def moved(two_tiers: S3Server, ended_call: MakeEnded) -> Recording:
    """Locked as it arrived, in the archive tier by now; the store would not let the first copies go."""
    RetentionRule.objects.create(months=6, deletes=True, cold_after_days=0)
    recording = services.ensure_recording(ended_call(video=False).pk)
    pretend_sealed(recording)
    assert services.process(recording.pk) is Stage.STORED
    assert locked_until(two_tiers, settings.S3_BUCKET) == {in_six_months()}
    services.set_keeping()
    assert services.move_cold() == 1
    recording.refresh_from_db()
    return recording


def in_six_months() -> dt.date:
    return add_months(timezone.localdate(), 6)


def time_is_over(recording: Recording) -> None:
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    settle_long_ago(recording)
    Recording.objects.update(keep_until=yesterday, lock_until=yesterday)
    StoredObject.objects.update(locked_until=yesterday, first_copy_until=yesterday)


def test_a_first_copy_that_was_locked_goes_when_its_lock_is_over(
    two_tiers: S3Server, moved: Recording
) -> None:
    files = StoredObject.objects.count()
    assert locked_until(two_tiers, settings.S3_COLD_BUCKET) == {in_six_months()}
    assert set(StoredObject.objects.values_list("first_copy_until", flat=True)) == {in_six_months()}
    assert services.remove_first_copies() == 0
    assert versions(two_tiers) == files

    time_is_over(moved)
    locks_end(two_tiers, settings.S3_BUCKET)

    assert services.remove_first_copies() == files
    assert versions(two_tiers) == 0
    assert in_store() == dict(StoredObject.objects.values_list("name", "sha256"))


def in_cold_store() -> int:
    return sum(storage.store(Tier.COLD).exists(row.key) for row in StoredObject.objects.all())


def test_no_deletion_is_done_while_a_first_copy_is_there(
    two_tiers: S3Server, moved: Recording
) -> None:
    files = StoredObject.objects.count()
    time_is_over(moved)
    locks_end(two_tiers, settings.S3_COLD_BUCKET)

    assert services.delete_expired() == 0
    assert in_cold_store() == files
    assert not DeletionCertificate.objects.exclude(done_at=None).exists()

    locks_end(two_tiers, settings.S3_BUCKET)
    assert services.delete_expired() == 1
    assert DeletionCertificate.objects.get().done_at is not None
    assert versions(two_tiers) == versions(two_tiers, settings.S3_COLD_BUCKET) == 0
