"""Other systems query and fetch recordings with a key and the scope (STO-1)."""

import hashlib

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from audit.models import AuditEntry
from recordings import services
from recordings.models import ContractEnd
from recordings.states import Stage
from tests.recordings.conftest import ended_call  # noqa: F401 - a fixture
from tests.recordings.test_views import pretend_sealed

pytestmark = pytest.mark.django_db


@pytest.fixture
def stored(ended_call, settings):  # noqa: F811 - the fixture above
    settings.PARTNER_API_KEYS = {"archive": "key-of-archive", "app": "key-of-app"}
    settings.PARTNER_ARCHIVE_READERS = ["archive"]
    recording = services.ensure_recording(ended_call(video=False).pk)
    pretend_sealed(recording)
    assert services.process(recording.pk) is Stage.STORED
    recording.refresh_from_db()
    return recording


def asking(key):
    return APIClient(headers={"Authorization": f"Bearer {key}"})


def listed(client, recording):
    return client.get(
        reverse("partner-recordings"), {"contract_no": recording.call.task.contract_no}
    )


def test_a_contracts_recordings_are_listed_and_each_file_is_what_the_list_says(stored):
    client = asking("key-of-archive")

    (found,) = listed(client, stored).json()

    assert found["name"] == stored.download_name
    assert {file["kind"] for file in found["files"]} >= {"composed", "track", "journal", "manifest"}
    for file in found["files"]:
        answer = client.get(file["url"], headers={"Range": "bytes=0-"})
        assert answer.status_code == 206
        assert hashlib.sha256(answer.content).hexdigest() == file["sha256"]
        assert len(answer.content) == file["bytes"]
    fetched = AuditEntry.objects.filter(action="recording.fetched")
    assert fetched.count() == len(found["files"])
    assert {entry.actor_name for entry in fetched} == {"archive"}


def test_a_part_of_a_file_is_given_and_a_part_outside_refused(stored):
    client = asking("key-of-archive")
    (found,) = listed(client, stored).json()
    file = next(file for file in found["files"] if file["kind"] == "composed")

    part = client.get(file["url"], headers={"Range": "bytes=10-19"})
    beyond = client.get(file["url"], headers={"Range": f"bytes={file['bytes']}-"})

    assert (part.status_code, len(part.content)) == (206, 10)
    assert beyond.status_code == 416


def test_without_the_scope_or_the_key_nothing_is_told(stored):
    url = listed(asking("key-of-archive"), stored).json()[0]["files"][0]["url"]

    for key, status in (("key-of-app", 403), ("wrong", 401)):
        assert listed(asking(key), stored).status_code == status
        assert asking(key).get(url).status_code == status
    assert not AuditEntry.objects.filter(action="recording.fetched").exists()


def test_a_file_of_another_recording_and_a_missing_contract_are_refused(stored):
    client = asking("key-of-archive")
    other = "00000000-0000-0000-0000-000000000000"
    file_id = stored.objects_stored.first().pk

    assert client.get(reverse("partner-recording-file", args=[other, file_id])).status_code == 404
    assert client.get(reverse("partner-recordings")).status_code == 400
    assert client.get(reverse("partner-recordings"), {"contract_no": "NONE"}).json() == []


def test_the_end_of_a_contract_is_told_by_a_system_with_the_scope(stored):
    url = reverse("partner-contract-end", args=[stored.call.task.contract_no])

    assert (
        asking("key-of-app").put(url, {"ended_on": "2026-03-31"}, format="json").status_code == 403
    )
    assert asking("key-of-archive").put(url, {"ended_on": "soon"}, format="json").status_code == 400
    assert not ContractEnd.objects.exists()
    answer = asking("key-of-archive").put(url, {"ended_on": "2026-03-31"}, format="json")

    assert (answer.status_code, answer.json()) == (200, {"ended_on": "2026-03-31"})
    assert ContractEnd.objects.get().told_by == "archive"
    assert AuditEntry.objects.filter(action="recording.contract_ended").count() == 1
