"""容量与保管: sums as of a time, and the holds of one's own scope."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from parameters.services import set_value
from recordings import health, services, tasks
from recordings.models import CapacityCount, LegalHold, StoredObject
from tests.recordings.test_keeping import client_with, stored
from tests.support.factories import SEAT_ACTOR, make_ended_call

pytestmark = pytest.mark.django_db
__all__ = ["stored"]
PAGE = "recordings:capacity"
GB = 1 << 30


def test_sums_are_those_of_the_last_count(stored):
    assert health.capacity().counted_at is None
    tasks.keep()
    files = StoredObject.objects.count()
    old = StoredObject.objects.filter(kind="track")[0]
    StoredObject.objects.filter(pk=old.pk).update(
        bytes=5 << 20, confirmed_at=timezone.now() - dt.timedelta(days=60)
    )

    assert services.count_store() is False  # counted lately
    before = health.capacity()
    CapacityCount.objects.update(counted_at=timezone.now() - dt.timedelta(hours=7))
    assert services.count_store() is True
    room = health.capacity()

    assert before.objects == room.objects == files
    whole = sum(StoredObject.objects.values_list("bytes", flat=True))
    assert before.total_bytes < room.total_bytes == whole
    assert sum(size for _month, size in room.months) == whole
    confirmed = StoredObject.objects.values_list("confirmed_at", flat=True)
    assert [month for month, _size in room.months] == sorted(
        {f"{timezone.localtime(at):%Y-%m}" for at in confirmed}
    )
    assert round(room.per_day_bytes * 30) == whole - (5 << 20)
    assert CapacityCount.objects.count() == 1


def test_the_page_adds_up_no_files(stored, settings):
    tasks.keep()
    client = client_with("videos.view")

    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = client.get(reverse(PAGE)).content.decode()

    assert "入库数据统计截至" in page
    assert not [q["sql"] for q in queries if "recordings_storedobject" in q["sql"]]


def test_a_store_without_a_known_end_is_forecast_by_what_it_holds_in_a_year(stored, settings):
    tasks.keep()
    settings.STORAGE_BACKEND = "s3"

    room = health.capacity()
    page = client_with("videos.view").get(reverse(PAGE)).content.decode()

    assert room.days_left is None
    assert room.in_a_year_bytes == int(room.total_bytes * (1 + 365 / 30))
    assert "按此增长一年后共" in page


def test_a_quota_is_the_end_of_a_store_that_has_none_of_its_own(stored, settings):
    tasks.keep()
    settings.STORAGE_BACKEND = "s3"
    set_value("storage_quota_gb", 3, scope="global", by="test")
    old = timezone.now() - dt.timedelta(hours=7)
    CapacityCount.objects.update(
        counted_at=old,
        lines=[{"month": "2026-10", "kind": "track", "files": 2, "bytes": GB, "recent": 3 * GB}],
    )

    room = health.capacity()
    page = client_with("videos.view").get(reverse(PAGE)).content.decode()

    assert room.days_left == 20  # 2 GB at 3 GB in 30 days
    assert "配额剩余" in page
    assert "按此增长还可用 20 天" in page
    assert "由对象存储管理" not in page


def test_a_quota_that_is_used_up_says_so_and_a_disk_that_is_smaller_counts(stored, settings):
    count = {"month": "2026-10", "kind": "track", "files": 2, "bytes": 4 * GB, "recent": GB}
    CapacityCount.objects.create(lines=[count])
    set_value("storage_quota_gb", 3, scope="global", by="test")

    used_up = health.capacity()
    page = client_with("videos.view").get(reverse(PAGE)).content.decode()
    set_value("storage_quota_gb", 10_000_000, scope="global", by="test")
    disk = health.capacity()

    assert (used_up.free_bytes, used_up.days_left) == (0, 0)
    assert "已用完" in page
    assert disk.free_bytes == disk.disk_free_bytes
    assert not disk.is_by_quota


def test_holds_are_those_of_ones_scope(stored):
    services.place_hold(stored.call.task.contract_no, reason="诉讼", actor=SEAT_ACTOR)
    client = client_with("videos.view")
    assert stored.call.task.contract_no in client.get(reverse(PAGE)).content.decode()

    Role.objects.update(scope="own")
    page = client.get(reverse(PAGE)).content.decode()

    assert stored.call.task.contract_no not in page
    assert '<span class="badge">0</span>' in page


def test_holds_are_paged(stored, monkeypatch):
    monkeypatch.setattr("recordings.views.HOLDS_SHOWN", 1)
    calls = [make_ended_call(), make_ended_call()]
    LegalHold.objects.bulk_create(
        LegalHold(contract_no=call.task.contract_no, reason="诉讼", placed_by="A1")
        for call in calls
    )
    client = client_with("videos.view")

    first = client.get(reverse(PAGE)).content.decode()
    second = client.get(reverse(PAGE), {"page": "2"}).content.decode()

    shown = [[c.task.contract_no in page for c in calls] for page in (first, second)]
    assert sorted(shown) == [[False, True], [True, False]]
