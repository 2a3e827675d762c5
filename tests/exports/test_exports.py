"""Lists as files: small ones at once, large ones as a job of one's own (ACC-1, S:D7)."""

import csv
import datetime as dt
import io
import json
import os
import time

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import roster_file
from accounts.errors import DailyLimit
from accounts.models import DataScope, Institution, Role, User
from accounts.selectors import actor_of
from audit.models import AuditEntry
from channels_admin.models import Channel
from common.spreadsheet import read_table
from exports import services
from exports.errors import TooManyExports
from exports.models import LISTS, ExportForm, ExportJob, ExportState
from parameters.services import set_value
from seats.models import PresenceHistory
from tests.support.factories import make_seat

pytestmark = pytest.mark.django_db
CHANNELS = "list:channels_admin.channel"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"
    settings.EXPORT_DIR.mkdir()
    return settings.EXPORT_DIR


@pytest.fixture
def supervisor():
    return person("M1", "channels.view", "seats.view")


def person(staff_no, *operations, scope=DataScope.ALL, institution=None):
    user = User.objects.create_user(
        staff_no, "test-password", name=staff_no, is_staff=True, institution=institution
    )
    user.roles.add(
        Role.objects.create(code=staff_no, name="r", operations=list(operations), scope=scope)
    )
    return user


def entered(user):
    client = Client()
    client.force_login(user)
    return client


def channels(count):
    Channel.objects.bulk_create(
        Channel(code=f"C{number:05d}", name=f"渠道{number}", enabled=number % 2 == 0)
        for number in range(count)
    )


def ask(client, source=CHANNELS, query="/x/", form="csv"):
    return client.post("/exports/new", {"source": source, "query": query, "form": form})


def table_in(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def job_of(user, form=ExportForm.CSV, source=CHANNELS, query=""):
    return services.request_export(user, source, query, form, "渠道", actor=actor_of(user))


def test_a_small_list_comes_at_once_as_it_is_filtered(supervisor):
    channels(4)

    answer = ask(entered(supervisor), query="/admin/channels_admin/channel/?q=C00003")

    rows = table_in(answer.content)
    assert rows[0][:3] == ["序号", "渠道名称", "机构名称"]
    assert [row[1] for row in rows[1:]] == ["渠道3"]
    assert AuditEntry.objects.get(action="export.made").actor_name == "M1"


def test_a_spreadsheet_says_the_same(supervisor):
    channels(2)

    answer = ask(entered(supervisor), form="xlsx")

    assert read_table("x.xlsx", answer.content)[0][1] == "渠道名称"


@pytest.mark.parametrize("form", LISTS)
def test_a_large_list_becomes_a_file_in_the_background(supervisor, folder, form):
    channels(services.DIRECT_ROWS + 1)
    client = entered(supervisor)

    assert ask(client, form=form)["Location"] == "/exports/"
    job = ExportJob.objects.get()
    assert job.state == ExportState.QUEUED
    services.make(job.pk)

    job.refresh_from_db()
    assert (job.state, job.rows_done) == (ExportState.DONE, services.DIRECT_ROWS + 1)
    assert [path.name for path in folder.iterdir()] == [job.file_name]
    page = client.get("/exports/").content.decode()
    assert f"/exports/{job.pk}/file" in page
    content = b"".join(client.post(f"/exports/{job.pk}/file").streaming_content)
    assert len(content) == job.bytes
    told = AuditEntry.objects.filter(action__startswith="export.").order_by("pk")
    assert [entry.action for entry in told] == ["export.requested", "export.made", "export.taken"]


def test_the_file_is_the_owners_alone(supervisor):
    channels(1)
    job = job_of(supervisor)
    services.make(job.pk)
    root = User.objects.create_superuser("root", "test-password", name="root")

    stranger = entered(root)

    assert stranger.post(f"/exports/{job.pk}/file").status_code == 404
    assert str(job.pk) not in stranger.get("/exports/").content.decode()


def test_a_list_one_may_not_see_is_not_there(supervisor):
    client = entered(supervisor)

    for source in ("list:accounts.user", "list:nothing.here", "nothing", "list:axes.accesslog"):
        assert ask(client, source=source).status_code == 404


def test_only_the_rows_of_the_scope_are_in_it():
    here, there = (Institution.objects.create(code=code, name=code) for code in ("1", "2"))
    for number, place in enumerate((here, there)):
        seat = make_seat(f"S{number}")
        seat.user.institution = place
        seat.user.save()
        now = timezone.now()
        PresenceHistory.objects.create(seat=seat, state="READY", since=now, until=now)
    user = person("M2", "seats.view", scope=DataScope.INSTITUTION, institution=here)

    rows = table_in(ask(entered(user), source="list:seats.presencehistory").content)

    assert len(rows) == 2


def test_what_is_taken_away_before_the_file_is_made_is_not_in_it(supervisor, folder):
    channels(1)
    job = job_of(supervisor)
    Role.objects.update(operations=[])

    services.make(job.pk)

    job.refresh_from_db()
    assert job.state == ExportState.FAILED
    assert list(folder.iterdir()) == []


def test_two_workers_make_one_file(supervisor):
    channels(1)
    job = job_of(supervisor)

    services.make(job.pk)
    services.make(job.pk)

    job.refresh_from_db()
    assert job.epoch == 1
    assert AuditEntry.objects.filter(action="export.made").count() == 1


def test_a_job_whose_worker_died_is_made_by_another_and_one_that_always_dies_fails(supervisor):
    job = job_of(supervisor)
    dead = {"state": ExportState.RUNNING, "leased_until": timezone.now() - services.LEASE}
    ExportJob.objects.update(**dead, epoch=1, attempts=1)
    assert services.due_jobs(5) == [job.pk]
    services.make(job.pk)
    job.refresh_from_db()
    assert (job.state, job.epoch) == (ExportState.DONE, 2)

    ExportJob.objects.update(**dead, attempts=services.MOST_ATTEMPTS)
    services.make(job.pk)
    job.refresh_from_db()
    assert job.state == ExportState.FAILED


def test_after_a_day_the_file_is_gone(supervisor, folder):
    job = job_of(supervisor)
    services.make(job.pk)
    ExportJob.objects.update(expires_at=timezone.now())

    assert services.remove_expired() == 1

    assert list(folder.iterdir()) == []
    assert entered(supervisor).post(f"/exports/{job.pk}/file").status_code == 404


def test_what_a_killed_worker_had_begun_goes_and_what_one_writes_stays(supervisor, folder):
    dead, living = folder / "a.csv.1.part", folder / "b.csv.1.part"
    for part in (dead, living):
        part.touch()
    before = time.time() - services.PART_LEFT.total_seconds() - 1
    os.utime(dead, (before, before))

    services.remove_expired()

    assert list(folder.iterdir()) == [living]


def test_nobody_keeps_all_workers_busy(supervisor):
    for _n in range(services.MOST_LIVE):
        job_of(supervisor)

    with pytest.raises(TooManyExports):
        job_of(supervisor)


def told_of(action):
    return [
        json.loads(entry.payload)
        for entry in AuditEntry.objects.filter(action=action).order_by("at", "seq")
    ]


def test_what_was_asked_of_the_list_is_in_the_log_without_anybodys_name(supervisor):
    channels(2)

    ask(entered(supervisor), query="/x/?enabled__exact=1&q=C00000")
    ask(entered(supervisor), query="/x/?q=王小明")
    ask(entered(supervisor), query="/x/?q=13812345678")
    services.make(job_of(supervisor, query="enabled__exact=0").pk)

    assert [told["search"] for told in told_of("export.made")] == [
        "enabled__exact=1&q=C00000",
        "q=王*明",
        "q=138****5678",
        "enabled__exact=0",
    ]
    assert [told["search"] for told in told_of("export.requested")] == ["enabled__exact=0"]


def test_a_filter_that_the_list_does_not_have_is_not_there(supervisor):
    assert ask(entered(supervisor), query="/x/?nonsense=1").status_code == 404


def test_a_day_has_a_number_of_exports_small_ones_and_those_being_made(supervisor):
    set_value("exports_per_day", 2, scope="global", by="test")
    channels(1)
    client = entered(supervisor)
    assert ask(client).status_code == 200
    waiting = job_of(supervisor)

    refused = client.post(
        "/exports/new", {"source": CHANNELS, "query": "/x/", "form": "csv"}, follow=True
    )

    assert "今天已达上限 2 次" in refused.content.decode()
    assert "每日导出上限" in refused.content.decode()
    assert len(told_of("export.made")) == 1
    services.make(waiting.pk)
    with pytest.raises(DailyLimit):
        job_of(supervisor)
    assert ask(entered(person("M2", "channels.view"))).status_code == 200


def test_how_long_a_file_is_kept_and_how_long_it_may_be_are_set_by_the_bank(supervisor):
    set_value("export_kept_hours", 3, scope="global", by="test")
    set_value("export_rows", 1000, scope="global", by="test")
    channels(1002)

    job = job_of(supervisor)
    services.make(job.pk)

    job.refresh_from_db()
    assert job.rows_done == 1000
    assert job.finished_at
    assert job.expires_at
    assert job.expires_at - job.finished_at == dt.timedelta(hours=3)
    page = entered(supervisor).get("/exports/").content.decode()
    assert "完成后保留 3 小时" in page
    assert "最多 1000 行" in page


def test_a_formula_is_a_text(supervisor):
    Channel.objects.create(code="C", name='=HYPERLINK("x")')

    assert table_in(ask(entered(supervisor)).content)[1][1] == '\'=HYPERLINK("x")'


def test_the_progress_is_told_to_the_page(supervisor):
    channels(1)
    job = job_of(supervisor)
    client = entered(supervisor)
    assert client.get("/exports/state").json()["jobs"][str(job.pk)]["state"] == "QUEUED"

    services.make(job.pk)

    assert client.get("/exports/state").json()["jobs"][str(job.pk)]["rows"] == 1


def test_a_list_asks_for_the_chosen_columns_once(supervisor):
    client = entered(supervisor)
    with CaptureQueriesContext(connection) as asked:
        client.get("/admin/channels_admin/channel/")

    assert sum("accounts_listcolumns" in query["sql"] for query in asked) == 1


def test_columns_are_chosen_by_each_person_and_kept(supervisor):
    channels(1)
    client = entered(supervisor)
    back = "/admin/channels_admin/channel/?q=C"

    answer = client.post(
        "/columns", {"list": "channels_admin.channel", "column": ["code"], "back": back}
    )

    assert answer["Location"] == back
    heads = table_in(ask(client).content)[0]
    assert heads == ["渠道名称", "渠道代码"]
    assert "column-institution_no" not in client.get(back).content.decode()
    other = entered(person("M3", "channels.view"))
    assert "column-institution_no" in other.get(back).content.decode()
    client.post("/columns", {"list": "channels_admin.channel", "back": "//evil.example"})
    assert "column-institution_no" in client.get(back).content.decode()


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_roster_is_what_the_users_list_shows_and_can_be_imported(form):
    client = entered(person("A1", "accounts.view"))
    User.objects.create_user("800500", "test-password", name="韩雪", phone="13900000001")

    answer = ask(client, "roster", "/admin/accounts/user/?q=800500", form)

    assert read_table(f"x.{form}", answer.content) == [
        roster_file.heads(),
        ["800500", "韩雪", "13900000001", "", "", ""],
    ]
    entry = AuditEntry.objects.get(action="export.made")
    assert json.loads(entry.payload)["rows"] == 1
    assert ask(entered(person("M2", "channels.view")), "roster").status_code == 404


def test_the_roster_counts_among_the_exports_of_the_day():
    client = entered(person("A1", "accounts.view"))
    set_value("exports_per_day", 1, scope="global", by="test")
    ask(client, "roster")

    refused = client.post(
        "/exports/new", {"source": "roster", "query": "/x/", "form": "csv"}, follow=True
    )

    assert "每日导出上限" in refused.content.decode()
    assert AuditEntry.objects.filter(action="export.made").count() == 1


def test_the_users_list_offers_itself_and_the_roster():
    page = entered(person("A1", "accounts.view")).get("/admin/accounts/user/").content.decode()

    assert '<option value="roster">' in page
    assert '<option value="list:accounts.user">' in page
