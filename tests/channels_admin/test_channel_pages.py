"""Regions, the trial of a channel's limits, the report over attempts and its CSV."""

import csv
import datetime as dt
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from audit.models import AuditEntry
from channels_admin.admission import Point
from channels_admin.models import AdmissionAttempt, Channel, ChannelRegion
from channels_admin.regions import around, matching, places
from common import paging
from common.csv_file import safe_cell

REPORT = "/admin/channels_admin/admissionattempt/report/"


def client_with(*operations: str) -> Client:
    user = User.objects.create_user("A1", "pw-of-a-test", name="管", is_staff=True)
    user.roles.add(Role.objects.create(code="r", name="r", operations=list(operations)))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def attempt(code: str, reason: str, days_ago: int = 0, **facts) -> AdmissionAttempt:
    return AdmissionAttempt.objects.create(
        channel_code=code,
        reason=reason,
        admitted=reason == "admitted",
        created_at=timezone.now() - dt.timedelta(days=days_ago),
        **facts,
    )


def rows_of(response) -> list[list[str]]:
    return list(csv.reader(StringIO(response.content.decode("utf-8-sig"))))


def test_a_place_is_found_by_name_by_code_and_by_several_words():
    assert matching("吴兴")[0].full_name == "浙江省 湖州市 吴兴区"
    assert matching("330502")[0].name == "吴兴区"
    assert [place.code for place in matching("北京 朝阳")] == ["110105"]
    assert matching("上海")[0].code == "310000"
    assert matching("没有这个地方") == []
    assert matching("  ") == []
    assert len(places()) > 3000


def test_places_around_a_point_are_the_wide_ones_then_the_near_ones():
    found = around(Point(30.857151, 120.185838), 5_000)

    assert "330502" in [place.code for place in found]
    assert [place.level for place in found] == sorted(place.level for place in found)


def test_a_code_that_no_place_has_is_refused(channel: Channel):
    with pytest.raises(ValidationError, match="没有此行政区划代码"):
        ChannelRegion(channel=channel, name="某地", code="999999").full_clean()

    ChannelRegion(channel=channel, name="上海", code="310000").full_clean()


def test_the_search_answers_those_who_see_channels_only(channel: Channel):
    url = reverse("admin:channels_regions")

    found = client_with("channels.view").get(url, {"q": "吴兴"}).json()["places"]

    assert found[0]["code"] == "330502"
    assert Client().get(url, {"q": "吴兴"}).status_code == 302


def test_a_trial_explains_the_decision_row_by_row_and_stores_nothing(channel: Channel):
    channel.regions.create(name="上海", code="310000")
    channel.networks.create(name="营业厅网络", ip_range="10.1.0.0/16")
    client = client_with("channels.view")
    url = reverse("admin:channels_trial", args=[channel.pk])

    outside = client.get(url, {"region_code": "330502", "ip": "10.2.0.1"}).content.decode()
    inside = client.get(url, {"ip": "10.1.2.3"}).content.decode()

    assert "不在允许的区域或网络" in outside
    assert "允许的网络：营业厅网络" in outside
    assert outside.count("不符合") == 2
    assert '<span class="chip is-idle">准入</span>' in inside
    assert not AdmissionAttempt.objects.exists()


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [({"latitude": "31"}, "纬度和经度须同时填写"), ({"ip": "10.1"}, "无法识别的 IP 地址")],
)
def test_a_trial_says_what_it_cannot_read(channel: Channel, asked, sentence):
    url = reverse("admin:channels_trial", args=[channel.pk])

    assert sentence in client_with("channels.view").get(url, asked).content.decode()


def test_the_report_counts_by_day_channel_and_reason(channel: Channel):
    for reason, days_ago in (
        ("admitted", 0),
        ("admitted", 0),
        ("outside", 0),
        ("outside", 1),
        ("admitted", 8),
    ):
        attempt("yuanyin", reason, days_ago)
    attempt("ghost", "unknown_channel")
    client = client_with("channels.view")

    page = client.get(REPORT).content.decode()
    sums = rows_of(client.get(REPORT, {"csv": "sums"}))
    one = rows_of(client.get(REPORT, {"csv": "sums", "channel_code": "ghost"}))

    assert "原银在线" in page
    today = timezone.localdate()
    assert sums[1:] == [
        [today.isoformat(), "ghost", "0", "1", "0", "0", "1"],
        [today.isoformat(), "yuanyin", "2", "0", "0", "1", "3"],
        [(today - dt.timedelta(days=1)).isoformat(), "yuanyin", "0", "0", "0", "1", "1"],
    ]
    assert len(one) == 2


def test_the_file_of_attempts_masks_the_phone_runs_no_formula_and_is_audited(channel: Channel):
    attempt(
        "yuanyin",
        "outside",
        phone="13912345678",
        device_model='=HYPERLINK("http://evil")',
        latitude="-12.500000",
        longitude="121.000000",
        checks=[{"kind": "network", "row": "营业厅", "passed": False}],
    )

    asked = {"source": "attempts", "query": f"{REPORT}?channel_code=yuanyin", "form": "csv"}
    response = client_with("channels.view").post("/exports/new", asked)

    row = rows_of(response)[1]
    assert "13912345678" not in response.content.decode()
    assert row[4:8] == ["不在允许的区域或网络", "网络 营业厅 ✕", "-12.500000", "121.000000"]
    assert row[14] == '\'=HYPERLINK("http://evil")'
    assert AuditEntry.objects.get(action="export.made").object_id == "attempts"
    Role.objects.update(operations=["scripts.view"])
    assert response.client.post("/exports/new", asked).status_code == 404


def test_too_long_a_time_is_refused_and_strangers_see_no_report(channel: Channel):
    client = client_with("channels.view")

    page = client.get(REPORT, {"first": "2026-01-01", "last": "2026-12-31"}).content.decode()

    assert "最长 92 天" in page
    User.objects.update(is_superuser=False)
    Role.objects.update(operations=[])
    assert client.get(REPORT).status_code == 403


def test_an_attempt_shows_what_was_captured_and_why(channel: Channel):
    one = attempt("yuanyin", "outside", checks=[{"kind": "region", "row": "上海", "passed": False}])
    url = reverse("admin:channels_admin_admissionattempt_change", args=[one.pk])

    assert "属地 上海 ✕" in client_with("channels.view").get(url).content.decode()


@pytest.mark.parametrize(
    ("cell", "written"),
    [("=1+1", "'=1+1"), ("@x", "'@x"), ("-1.5", "-1.5"), ("+86", "+86"), ("-x", "'-x"), ("a", "a")],
)
def test_a_cell_that_a_spreadsheet_would_run_is_made_a_text(cell, written):
    assert safe_cell(cell) == written


def test_the_list_of_attempts_counts_no_further_than_its_bound(channel: Channel, monkeypatch):
    monkeypatch.setattr(paging, "MOST_ROWS", 3)
    for _ in range(5):
        attempt("yuanyin", "admitted")

    page = client_with("channels.view").get("/admin/channels_admin/admissionattempt/")

    assert page.context["cl"].result_count == 3
