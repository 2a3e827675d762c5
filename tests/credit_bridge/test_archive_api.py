"""Other systems query and fetch recordings with a key and the scope (STO-1)."""

import datetime as dt
import hashlib
import json
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from audit.models import AuditEntry
from interviews.models import InterviewTask
from interviews.states import TaskState
from recordings import services
from recordings.models import ContractEnd, Recording
from recordings.states import Stage
from tests.recordings.conftest import ended_call  # noqa: F401 - a fixture
from tests.recordings.test_views import pretend_sealed
from tests.support.factories import make_call

pytestmark = pytest.mark.django_db


@pytest.fixture
def stored(ended_call, settings):  # noqa: F811 - the fixture above
    settings.PARTNER_API_KEYS = {
        "archive": "key-of-archive",
        "branch": "key-of-branch",
        "app": "key-of-app",
    }
    settings.PARTNER_ARCHIVE_READERS = ["archive", "branch"]
    settings.PARTNER_ARCHIVE_PLACES = {"branch": ["440300"]}
    settings.PARTNER_SCOPES = {"app": ["contract_end"], "branch": ["contract_end"]}
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


def test_any_part_of_a_file_is_noted_once_an_hour_for_each_system(stored, settings, monkeypatch):
    settings.PARTNER_ARCHIVE_PLACES = {}
    client = asking("key-of-archive")
    first, second = listed(client, stored).json()[0]["files"][:2]
    fetched = AuditEntry.objects.filter(action="recording.fetched")

    for header in ("bytes=1-", "bytes=0-", "bytes=-5"):
        client.get(first["url"], headers={"Range": header})
    assert [json.loads(each.payload)["sha256"] for each in fetched.all()] == [first["sha256"]]

    client.get(second["url"], headers={"Range": "bytes=1-"})
    asking("key-of-branch").get(first["url"], headers={"Range": "bytes=1-"})
    assert fetched.count() == 3

    monkeypatch.setattr("recordings.services.viewing.FETCHED_ONCE_IN", dt.timedelta(0))
    client.get(first["url"], headers={"Range": "bytes=1-"})
    assert fetched.count() == 4


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


@pytest.fixture
def more(stored):
    """Four more days' recordings, one a day after `stored`'s, without files: (day, place) by number."""
    found = []
    for number in range(4):
        call = make_call()
        task = call.task
        task.property_province, task.property_city, task.property_county = (
            ("440000", "440300", "440305") if number % 2 else ("330000", "330100", "330106")
        )
        task.state = TaskState.PASSED if number else TaskState.PENDING
        task.save()
        call.clock_started_at = stored.call.clock_started_at + dt.timedelta(days=number + 1)
        call.save()
        recording = services.ensure_recording(call.pk)
        Recording.objects.filter(pk=recording.pk).update(stage=Stage.STORED)
        found.append(recording)
    return found


def ids(answer):
    assert answer.status_code == 200, answer.content
    return [each["recording_id"] for each in answer.json()]


def test_recordings_of_a_time_are_paged_by_place_in_time_until_none_are_left(stored, more):
    client = asking("key-of-archive")
    day = stored.call.clock_started_at.astimezone(ZoneInfo("Asia/Shanghai")).date()
    url = reverse("partner-recordings") + f"?from_day={day}&limit=2"
    pages = []

    while url:
        answer = client.get(url)
        pages.append(ids(answer))
        url = answer.headers["Link"].split(">")[0][1:] if "Link" in answer.headers else ""

    assert pages == [
        [str(each.pk) for each in page] for page in ([stored, more[0]], more[1:3], more[3:])
    ]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({"region": "330000"}, [0, 2]),
        ({"region": "440300"}, [1, 3]),
        ({"region": "330106", "state": "PASSED"}, [2]),
        ({"state": "PENDING", "region": "440305"}, []),
    ],
)
def test_a_time_is_narrowed_by_region_and_state(stored, more, query, numbers):
    day = stored.call.clock_started_at.date()

    answer = asking("key-of-archive").get(
        reverse("partner-recordings"),
        {"from_day": day, "until_day": day + dt.timedelta(9), **query},
    )

    assert ids(answer) == [str(more[number].pk) for number in numbers]


def test_a_system_of_one_place_is_told_of_no_other(stored, more):
    client = asking("key-of-branch")
    (file,) = stored.objects_stored.all()[:1]
    day = stored.call.clock_started_at.date()

    answer = client.get(reverse("partner-recordings"), {"from_day": day})
    elsewhere = client.get(reverse("partner-recordings"), {"from_day": day, "region": "330000"})
    fetched = client.get(reverse("partner-recording-file", args=[stored.pk, file.pk]))

    assert ids(answer) == [str(more[1].pk), str(more[3].pk)]
    assert ids(elsewhere) == []
    assert fetched.status_code == 404
    assert listed(client, stored).json() == []


def following(answer):
    return answer.headers["Link"].split(">")[0][1:]


def stored_again(recording):
    Recording.objects.filter(pk=recording.pk).update(stage=Stage.SEALED)
    assert services.process(recording.pk) is Stage.STORED


def test_an_older_call_that_is_stored_after_a_newer_one_is_told_to_who_asks_by_storing(
    stored,
    ended_call,  # noqa: F811 - the fixture above
):
    client = asking("key-of-archive")
    query = {"stored_since": stored.stored_at.isoformat(), "limit": 1}
    first = client.get(reverse("partner-recordings"), query)
    nothing_yet = client.get(following(first))
    assert (ids(first), ids(nothing_yet)) == ([str(stored.pk)], [])
    told_at = dt.datetime.fromisoformat(first.json()[0]["stored_at"])
    assert told_at == stored.stored_at

    older = ended_call(video=False)
    older.clock_started_at -= dt.timedelta(days=3)
    older.ended_at -= dt.timedelta(days=3)
    older.save()
    late = services.ensure_recording(older.pk)
    pretend_sealed(late)
    assert services.process(late.pk) is Stage.STORED
    told = client.get(following(nothing_yet))
    assert ids(told) == [str(late.pk)]
    assert told.json()[0]["started_at"] < first.json()[0]["started_at"]

    assert ids(client.get(following(told))) == []
    stored_again(stored)
    assert ids(client.get(following(told))) == [str(stored.pk)]


def test_recordings_stored_at_one_moment_are_each_told_once(stored, more):
    moment = stored.stored_at + dt.timedelta(hours=1)
    Recording.objects.filter(pk__in=[each.pk for each in more]).update(stored_at=moment)
    client, told = asking("key-of-archive"), []

    query = {"stored_since": moment.isoformat(), "limit": 3}
    answer = client.get(reverse("partner-recordings"), query)
    while found := ids(answer):
        told += found
        answer = client.get(following(answer))

    assert told == sorted(str(each.pk) for each in more)


def test_a_moment_of_storing_is_narrowed_like_a_time(stored, more):
    Recording.objects.filter(pk__in=[each.pk for each in more]).update(stored_at=stored.stored_at)
    since = {"stored_since": stored.stored_at.isoformat()}

    of_the_branch = asking("key-of-branch").get(reverse("partner-recordings"), since)
    passed = {"region": "330106", "state": "PASSED", **since}
    of_a_place = asking("key-of-archive").get(reverse("partner-recordings"), passed)

    assert set(ids(of_the_branch)) == {str(more[1].pk), str(more[3].pk)}
    assert ids(of_a_place) == [str(more[2].pk)]


NIL = "0" * 32


@pytest.mark.parametrize(
    "query",
    [
        *({"region": "33"}, {"state": "DONE"}, {"limit": "0"}, {"limit": "101"}),
        *({"from_day": "x"}, {"stored_since": "x"}, {"cursor": "n1"}),
        *({"cursor": f"s1.{NIL}"}, {"cursor": f"n1.{NIL}", "stored_since": "2026-01-01T00:00Z"}),
    ],
)
def test_a_question_that_cannot_be_is_refused(stored, query):
    answer = asking("key-of-archive").get(
        reverse("partner-recordings"), {"from_day": "2026-01-01", **query}
    )

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"


def ends(key, contract_no, day):
    url = reverse("partner-contract-end", args=[contract_no])
    return asking(f"key-of-{key}").put(url, {"ended_on": day}, format="json")


def test_the_end_of_a_contract_is_told_by_a_system_with_a_scope_of_its_own(stored):
    contract_no, today = stored.call.task.contract_no, timezone.localdate().isoformat()

    assert ends("archive", contract_no, today).status_code == 403  # it may read, and no more
    assert ends("app", contract_no, "soon").status_code == 400
    assert not ContractEnd.objects.exists()
    answer = ends("app", contract_no, today)

    assert (answer.status_code, answer.json()) == (200, {"ended_on": today})
    assert ContractEnd.objects.get().told_by == "app"
    assert AuditEntry.objects.filter(action="recording.contract_ended").count() == 1


def test_the_end_is_told_of_known_contracts_in_the_places_of_the_system(stored):
    contract_no, today = stored.call.task.contract_no, timezone.localdate().isoformat()

    assert ends("app", "YXD-UNKNOWN", today).status_code == 404
    assert ends("branch", contract_no, today).status_code == 404
    InterviewTask.objects.update(property_city="440300")
    assert ends("branch", contract_no, today).status_code == 200


def test_a_contract_ends_neither_in_the_future_nor_before_its_last_interview(stored):
    contract_no, today = stored.call.task.contract_no, timezone.localdate()
    last = timezone.localdate(stored.call.clock_started_at)

    for day in (today + dt.timedelta(days=1), last - dt.timedelta(days=1), dt.date(2000, 1, 1)):
        refused = ends("app", contract_no, day.isoformat())
        assert (refused.status_code, refused.json()["code"]) == (422, "contract_end_unfit")
    assert not ContractEnd.objects.exists()
    assert ends("app", contract_no, last.isoformat()).status_code == 200
