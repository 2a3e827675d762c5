"""Views, pages and files of what was captured (REP-1): complete, in scope, without people."""

import datetime as dt
import re
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import Institution, User
from analytics.selectors import EXPORTS, FILTERS, GROUPS, Asked, count_lines, figures_of, lines_of
from audit.models import AuditEntry
from channels_admin.models import AdmissionAttempt
from exports.models import ExportJob
from exports.services import make
from interviews import services as interviews
from interviews.models import Call, InterviewTask, QualitySummary
from interviews.services.media_events import apply_media_events
from interviews.states import Verdict
from media_worker.protocol import Event
from queueing.models import CallRequest
from tests.qc.test_pages import person
from tests.support.factories import SEAT_ACTOR, make_call, make_task
from tests.support.factories import person as draft

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
ALL = Asked(TODAY, TODAY)
QUERY = {"first": str(TODAY), "last": str(TODAY)}


def a_call(verdict=Verdict.DOUBT, talk_s=300, wait_s=40, rehearsal=False):
    call = make_call(make_task(draft("秘密姓名")))
    began = timezone.now() - dt.timedelta(seconds=talk_s)
    request = CallRequest.objects.create(
        task=call.task,
        party=call.task.parties.get(),
        call=call,
        channel_code="APP",
        state="CONNECTED",
        arrived_at=began - dt.timedelta(seconds=wait_s),
        closed_at=began,
    )
    interviews.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")
    Call.objects.filter(pk=call.pk).update(
        live_at=began, clock_started_at=began, ended_at=began + dt.timedelta(seconds=talk_s)
    )
    if verdict:
        call.task.parties.update(interviewed_at=timezone.now())
        interviews.file_verdict(call.pk, verdict=verdict, note="x", actor=SEAT_ACTOR)
    InterviewTask.objects.filter(pk=call.task_id).update(rehearsal=rehearsal)
    assert request.pk
    return call


def view(name):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {name}")  # noqa: S608 - names of this file
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def told_quality(call, *, loss, rtt):
    place = call.participants.get(role="customer")
    payload = {
        "loss_up": loss,
        "loss_down": 0,
        "rtt_ms": rtt,
        "kbps_up": 400,
        "kbps_down": 1,
        "fps": 15,
        "width": 1,
        "height": 1,
    }
    apply_media_events(
        [
            Event(
                id=f"q{loss}",
                call_id=str(call.pk),
                epoch=0,
                kind="quality",
                at_ms=1,
                participant_id=str(place.pk),
                payload=payload,
            )
        ]
    )
    return place


def test_a_call_is_one_line_with_its_wait_length_verdict_and_marks():
    call = a_call()
    call.events.create(kind="gap", at_ms=1000, until_ms=4000)
    call.events.create(kind="tag", at_ms=1, payload={"kind": "identity"})
    call.events.create(kind="tag", at_ms=1, payload={"kind": "key_point"})

    (line,) = view("report.calls")

    assert (line["verdict"], line["channel_code"], line["day"]) == ("DOUBT", "APP", TODAY)
    assert (float(line["talk_s"]), float(line["waited_s"])) == (300.0, 40.0)
    assert (line["gaps"], float(line["gap_s"]), line["tags"], line["risk_tags"]) == (1, 3.0, 2, 1)


def test_rehearsals_are_in_no_view_and_no_view_of_report_names_anybody():
    a_call(rehearsal=True)
    call = a_call()
    call.events.create(kind="chat", at_ms=1, payload={"text": "秘密姓名 13900000000"})
    call.events.create(kind="tag", at_ms=1, payload={"kind": "risk", "note": "秘密姓名"})
    views = [
        f"report.{name}"
        for name in (
            *("calls", "parties", "timeline", "admission_attempts", "waits", "outcomes"),
            "quality",
        )
    ]

    lines = {name: view(name) for name in views}

    assert len(lines["report.calls"]) == 1
    assert len(lines["report.waits"]) == 1
    assert len(lines["report.outcomes"]) == 1
    told = str(lines)
    assert "秘密姓名" not in told
    assert call.task.contract_no not in told
    assert view("report_personal.calls")[0]["customer_name"] == "秘密姓名"


def test_network_quality_is_summed_up_not_more_often_than_every_ten_seconds():
    call = a_call()
    place = told_quality(call, loss=2.0, rtt=100)
    told_quality(call, loss=9.0, rtt=None)
    assert QualitySummary.objects.get().samples == 1
    cache.clear()

    told_quality(call, loss=8.0, rtt=None)

    kept = QualitySummary.objects.get(participant=place)
    assert (kept.samples, kept.loss_up_sum, kept.loss_up_max, kept.poor) == (2, 10.0, 8.0, 1)
    assert (kept.rtt_samples, kept.rtt_ms_sum) == (1, 100.0)
    (line,) = view("report.calls")
    assert (line["loss_up"], line["rtt_ms"], line["poor_share"]) == (5.0, 100.0, 0.5)


@pytest.mark.parametrize("by", sorted(GROUPS))
def test_figures_by_every_group(by):
    a_call(Verdict.DOUBT, talk_s=300, wait_s=40)
    a_call(Verdict.PASS, talk_s=100, wait_s=20)

    found = figures_of(Asked(TODAY, TODAY, by))

    assert sum(row["calls"] for row in found.rows) == 2
    assert (found.total["PASS"], found.total["DOUBT"]) == (1, 1)
    assert float(found.total["talk_s"]) == 200
    assert float(found.total["waited_s"]) == 30


def test_calls_and_waits_are_counted_by_city_and_institution_under_their_names():
    call, elsewhere = a_call(), a_call()
    branch = Institution.objects.create(code="B01", name="湖州分行")
    User.objects.filter(pk=call.seat.user_id).update(institution=branch)
    InterviewTask.objects.filter(pk=call.task_id).update(property_city="330500")
    InterviewTask.objects.filter(pk=elsewhere.task_id).update(property_city="")

    def told(by):
        rows = figures_of(Asked(TODAY, TODAY, by)).rows
        return sorted((row["label"], row["calls"], row["entered"]) for row in rows)

    assert told("city") == [("—", 1, 1), ("浙江省 湖州市", 1, 1)]
    assert told("institution") == [("—", 1, 1), ("湖州分行", 1, 1)]


def test_a_supervisor_counts_the_seats_of_the_own_institution_only():
    call = a_call()
    a_call()

    found = figures_of(Asked(TODAY, TODAY, "seat", (call.seat.user.staff_no,)))

    assert [row["name"] for row in found.rows] == [call.seat.user.staff_no]
    assert found.admission == []
    nobodys = Asked(TODAY, TODAY, "day", ("nobody",))
    assert len(list(lines_of("calls", nobodys, personal=False))) == 1  # the heads
    assert count_lines("calls", nobodys, 10) == 0
    assert Institution.objects.count() == 0


def test_the_page_plots_and_the_table_is_a_file():
    a_call()
    AdmissionAttempt.objects.create(channel_code="APP", admitted=False, reason="outside")
    client = person("M1", "reports.view")

    page = client.get(reverse("analytics:overview"))

    body = page.content.decode()
    assert body.count("<svg viewBox") == 6  # of nine, those that have something to show
    assert " style=" not in body
    assert page.context["found"].admission == [("不在允许的区域或网络", 1)]
    summary = client.get(reverse("analytics:summary")).content.decode()
    assert summary.splitlines()[1].startswith(f"{TODAY:%m-%d},1,1,1,0,0,1,0,40,1,300,300,0,1,0")


def taken(client, what):
    return client.post("/exports/new", {"source": f"report:{what}", "query": "", "form": "csv"})


def test_files_hold_people_only_for_who_may_and_each_is_audited():
    call = a_call()
    plain, trusted = person("M1", "reports.view"), person("A1", "reports.view", "reports.personal")

    lines = taken(plain, "calls").content.decode()
    refused = taken(plain, "personal-calls")
    personal = taken(trusted, "personal-calls").content.decode()

    assert str(call.pk) in lines
    assert "秘密姓名" not in lines
    assert refused.status_code == 404
    assert "秘密姓名" in personal
    entries = AuditEntry.objects.filter(action="export.made").order_by("pk")
    assert [entry.object_id for entry in entries] == ["report:calls", "report:personal-calls"]
    assert f"通话明细（含姓名合同） {TODAY - dt.timedelta(days=29)} {TODAY}" in entries[1].payload
    assert taken(plain, "pg_user").status_code == 404
    seat = person("S1", "workbench.use")
    assert seat.get(reverse("analytics:overview")).status_code == 404
    assert taken(seat, "calls").status_code == 404


def test_of_a_long_view_a_file_is_made_in_the_background(monkeypatch, settings, tmp_path):
    settings.EXPORT_DIR = tmp_path
    monkeypatch.setattr("exports.services.DIRECT_ROWS", 1)
    a_call(), a_call()
    client = person("M1", "reports.view")

    assert taken(client, "waits")["Location"] == "/exports/"
    make(ExportJob.objects.get().pk)

    assert ExportJob.objects.get().rows_done == 2


@pytest.mark.parametrize("what", ["waits", "outcomes", "admission_attempts"])
def test_every_listed_view_is_exported_line_by_line(what):
    a_call(Verdict.PASS)
    AdmissionAttempt.objects.create(channel_code="APP", admitted=True, reason="admitted")

    answer = taken(person("M1", "reports.view"), what)

    assert len(answer.content.decode().strip().splitlines()) == 2


def test_every_column_of_the_views_is_documented():
    text = Path("docs/reporting.md").read_text(encoding="utf-8")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_schema || '.' || table_name, column_name "
            "FROM information_schema.columns WHERE table_schema IN ('report', 'report_personal')"
        )
        columns = cursor.fetchall()
    documented = set(re.findall(r"`([a-z_.0-9]+)`", text))

    assert len(columns) > 100
    assert sorted({view for view, _column in columns} - documented) == []
    assert sorted({column for _view, column in columns} - documented) == []


def test_a_time_that_is_no_time_is_the_default():
    a_call()
    client = person("M1", "reports.view")

    page = client.get(
        reverse("analytics:overview"), {"first": "2030-01-01", "last": "2020-01-01", "by": "day"}
    )

    assert "时间范围须为" in page.content.decode()
    assert page.context["found"].total["calls"] == 1


def left_the_line(waited_s, channel="APP"):
    task = make_task()
    began = timezone.now() - dt.timedelta(minutes=5)
    CallRequest.objects.create(
        task=task,
        party=task.parties.get(),
        channel_code=channel,
        state="ABANDONED",
        arrived_at=began,
        closed_at=began + dt.timedelta(seconds=waited_s),
    )


def test_service_level_and_abandonment_leave_out_who_left_at_once():
    a_call(wait_s=5)
    a_call(wait_s=3000)
    left_the_line(100)
    left_the_line(1)

    (row,) = figures_of(ALL).rows

    assert (row["entered"], row["answered"], row["in_time"]) == (4, 2, 1)
    assert (row["abandoned"], row["short"]) == (1, 1)
    assert row["service_level"] == pytest.approx(1 / 3)
    assert row["abandonment"] == pytest.approx(1 / 3)


def test_a_day_on_which_everybody_left_is_in_the_figures():
    left_the_line(100)

    found = figures_of(ALL)

    assert [(row["entered"], row["abandoned"], row["calls"]) for row in found.rows] == [(1, 1, 0)]
    page = person("M1", "reports.view").get(reverse("analytics:overview"))
    assert page.status_code == 200


def test_who_left_before_any_seat_rang_is_counted_by_a_supervisor_of_some_seats():
    call = a_call()
    a_call()
    left_the_line(100)

    found = figures_of(Asked(TODAY, TODAY, "day", (call.seat.user.staff_no,)))

    assert (found.total["calls"], found.total["entered"], found.total["abandoned"]) == (1, 2, 1)


def test_figures_are_narrowed_by_a_click_on_a_group_and_widened_again():
    a_call()
    left_the_line(100, channel="WX")
    client = person("M1", "reports.view")

    wide = client.get(reverse("analytics:overview"), {**QUERY, "by": "channel"})
    rows = {row["name"]: row for row in wide.context["found"].rows}
    narrow = client.get(reverse("analytics:overview") + "?" + rows["WX"]["narrower"])
    (chip,) = narrow.context["filters"]
    again = client.get(reverse("analytics:overview") + "?" + chip["without"])

    assert set(rows) == {"APP", "WX"}
    assert narrow.context["found"].total["entered"] == 1
    assert narrow.context["found"].total["calls"] == 0
    assert (chip["group"], chip["label"]) == ("渠道", "WX")
    assert again.context["found"].total["entered"] == 2


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("what", EXPORTS)
def test_every_file_is_narrowed_like_the_page(what, name):
    call = a_call()
    branch = Institution.objects.create(code="B01", name="湖州分行")
    User.objects.filter(pk=call.seat.user_id).update(institution=branch)
    InterviewTask.objects.filter(pk=call.task_id).update(
        property_province="330000",
        property_city="330500",
        channel_code="APP",
        settled_at=timezone.now(),
    )
    AdmissionAttempt.objects.create(channel_code="APP", admitted=False, reason="outside")
    mine = {
        "channel": "APP",
        "region": "330000",
        "city": "330500",
        "institution": "B01",
        "seat": call.seat.user.staff_no,
        "product": call.task.product_name,
    }[name]

    found = [
        count_lines(what, Asked(TODAY, TODAY, only=((name, value),)), 10)
        for value in (mine, "other")
    ]

    of_no_seat = what == "admission_attempts" and name != "channel"
    assert found == [0 if of_no_seat else 1, 0]
