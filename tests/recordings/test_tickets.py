# ruff: noqa: F811 - the fixture is imported
"""Addresses of media are for one viewer, one call, one purpose, for minutes (VID-1)."""

import datetime as dt
import json

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEntry
from recordings import services
from recordings.models import Recording, StoredObject, ViewTicket
from recordings.states import TicketPurpose
from tests.recordings.test_views import as_user, urls_of, world  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
RANGE = {"Range": "bytes=0-99"}


def status(user, url):
    return as_user(user).get(url, headers=RANGE).status_code


def expire() -> None:
    ViewTicket.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))


def test_an_address_without_a_ticket_or_with_a_made_up_one_opens_nothing(world):
    for name in ("raw", "play"):
        bare = urls_of(world)[name].split("?")[0]
        assert [status(world.owner, url) for url in (bare, f"{bare}?t=x", f"{bare}?t=")] == [
            403
        ] * 3
    assert not AuditEntry.objects.filter(action="recording.opened").exists()


def test_somebody_elses_ticket_opens_nothing_even_for_one_who_may_see_it(world):
    urls = urls_of(world, world.owner)

    assert status(world.owner, urls["play"]) == 206
    assert status(world.supervisor, urls["play"]) == 403


def test_a_ticket_is_over_in_minutes_and_a_living_one_is_renewed_by_the_page(world):
    url = reverse("recordings:review", args=[world.call.pk])
    client = as_user(world.supervisor)
    first = client.get(url).json()
    assert client.get(f"{url}?t={first['ticket']}").json()["ticket"] == first["ticket"]
    assert ViewTicket.objects.count() == 1
    expire()

    assert status(world.supervisor, first["tracks"][0]["url"]) == 403
    again = client.get(f"{url}?t={first['ticket']}").json()

    assert again["ticket"] != first["ticket"]
    assert status(world.supervisor, again["tracks"][0]["url"]) == 206
    assert status(world.supervisor, first["tracks"][0]["url"]) == 403


def test_a_ticket_to_watch_does_not_download_and_one_to_download_does_not_watch(world):
    watch = services.issue_ticket(world.supervisor, world.call.pk)
    take = services.issue_ticket(
        world.supervisor, world.call.pk, TicketPurpose.DOWNLOAD, name=world.recording.file
    )
    file = reverse("recordings:fetch", args=[world.call.pk])
    play = reverse("recordings:play", args=[world.call.pk])

    assert status(world.supervisor, f"{file}?t={watch}") == 403
    assert status(world.supervisor, f"{play}?t={take}") == 403
    assert status(world.supervisor, f"{file}?t={take}") == 206
    assert status(world.owner, f"{file}?t={take}") == 404


def test_the_first_use_of_a_ticket_is_an_opening_whichever_part_is_asked_for(world):
    urls = urls_of(world, world.owner)
    client = as_user(world.owner)

    for header in ("bytes=1-", "bytes=0-", "bytes=0-99", "bytes=-5"):
        assert client.get(urls["play"], headers={"Range": header}).status_code == 206
        assert client.get(urls["raw"], headers={"Range": header}).status_code == 206
    client.get(urls["snapshot"], headers={"Range": "bytes=1-"})

    opened = AuditEntry.objects.filter(action="recording.opened").order_by("pk")
    assert [json.loads(each.payload)["what"] for each in opened.all()] == [
        "composed",
        "track",
        "snapshot",
    ]
    assert status(world.owner, urls_of(world, world.owner)["play"]) == 206  # with another ticket
    assert opened.count() == 4


def test_without_a_composed_copy_the_stored_files_are_downloaded_as_carefully(world):
    Recording.objects.update(file="", bytes=0, sha256="", uncomposed="x")
    url = reverse("recordings:download", args=[world.call.pk])
    track = StoredObject.objects.filter(kind="track").order_by("pk")[0]
    client = as_user(world.supervisor)

    page = client.get(reverse("recordings:detail", args=[world.call.pk])).content.decode()
    assert f'<option value="{track.pk}">' in page
    assert '<option value="">合成录像' not in page
    assert client.post(url, {"reason": "司法鉴定"}).status_code == 404
    assert client.post(url, {"file": track.pk}).status_code == 400
    assert as_user(world.owner).post(url, {"reason": "x", "file": track.pk}).status_code == 404
    assert not AuditEntry.objects.filter(action="recording.downloaded").exists()

    sent_on = client.post(url, {"reason": "司法鉴定", "file": track.pk})
    response = client.get(sent_on.headers["Location"], headers={"Range": "bytes=0-"})

    assert len(response.content) == track.bytes
    assert AuditEntry.objects.filter(action="recording.downloaded").count() == 1


def test_where_nothing_is_stored_there_is_no_download(world):
    Recording.objects.update(file="")
    StoredObject.objects.update(confirmed_at=None)

    page = as_user(world.supervisor).get(reverse("recordings:detail", args=[world.call.pk]))

    assert reverse("recordings:download", args=[world.call.pk]) not in page.content.decode()


def test_a_raw_track_is_downloaded_by_its_number_and_nothing_else_is(world):
    url = reverse("recordings:download", args=[world.call.pk])
    track = StoredObject.objects.filter(kind="track").order_by("pk")[0]
    client = as_user(world.supervisor)

    sent_on = client.post(url, {"reason": "司法鉴定", "file": track.pk})
    response = client.get(sent_on.headers["Location"], headers={"Range": "bytes=0-"})

    assert len(response.content) == track.bytes
    assert f"_{world.supervisor.staff_no}_" in response["Content-Disposition"]
    for file in ("999999", "x", "-1"):
        assert client.post(url, {"reason": "司法鉴定", "file": file}).status_code == 404
    entry = AuditEntry.objects.get(action="recording.downloaded")
    assert json.loads(entry.payload)["sha256"] == track.sha256


def test_old_tickets_are_forgotten(world):
    urls_of(world, world.owner)
    ViewTicket.objects.update(expires_at=timezone.now() - dt.timedelta(days=2))

    assert services.forget_old_tickets() == 1
