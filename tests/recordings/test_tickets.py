# ruff: noqa: F811 - the fixture is imported
"""Addresses of media are for one viewer, one call, one purpose, for minutes (VID-1)."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEntry
from recordings import services
from recordings.models import StoredObject, ViewTicket
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
    assert AuditEntry.objects.filter(action="recording.downloaded").count() == 1


def test_old_tickets_are_forgotten(world):
    urls_of(world, world.owner)
    ViewTicket.objects.update(expires_at=timezone.now() - dt.timedelta(days=2))

    assert services.forget_old_tickets() == 1
