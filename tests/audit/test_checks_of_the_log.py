"""The check of the log is a job: its result stays on the page, and is an entry itself (WB-20)."""

import datetime as dt
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from audit import chain, checking, tasks
from audit import services as audit
from audit.errors import CheckRunning
from audit.models import AuditEntry, ChainCheck
from audit.sentences import sentence
from audit.states import EVERY_CHAIN, CheckState
from common.actor import SYSTEM, Actor, ActorKind
from tests.support.factories import make_task

PAGE = "/admin/audit/auditentry/check/"
AUDITOR = Actor(ActorKind.USER, "1", "A1")

pytestmark = pytest.mark.django_db


def note(chain_name="admin", count=1):
    for number in range(count):
        audit.record(
            "role.changed", actor=SYSTEM, object_type="role", object_id=number, chain=chain_name
        )


def client_of(staff_no, scope="all"):
    user = User.objects.create_user(staff_no, "test-password", name="审计员", is_staff=True)
    role = Role.objects.create(code=staff_no, name="a", operations=["audit.view"], scope=scope)
    user.roles.add(role)
    client = Client()
    client.force_login(user)
    return client


def by_force(sql):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def checked(chain_name="admin"):
    job = checking.request_check(chain_name, actor=AUDITOR)
    checking.run(job.pk)
    job.refresh_from_db()
    return job


def test_the_request_only_asks_and_the_page_shows_the_result_of_the_job(
    django_capture_on_commit_callbacks, monkeypatch
):
    auditor = client_of("A1")
    note(count=3)
    before = AuditEntry.objects.filter(chain="admin").count()
    woken: list[str] = []
    monkeypatch.setattr(tasks.check_chain, "delay", woken.append)

    with django_capture_on_commit_callbacks(execute=True):
        answer = auditor.post(PAGE, {"chain": "admin"}, follow=True)
    job = ChainCheck.objects.get()
    assert "等待校验" in answer.content.decode()
    assert woken == [str(job.pk)]
    assert job.state == CheckState.QUEUED

    tasks.check_chain(woken[0])

    page = auditor.get(PAGE).content.decode()
    told = auditor.get(f"{PAGE}state/").json()["jobs"][str(job.pk)]
    assert told == {"state": "HOLDS", "label": "完整", "rows": before}
    assert "管理操作链" in page
    job.refresh_from_db()
    entries = AuditEntry.objects.filter(chain="admin").order_by("seq")
    assert (job.first_at, job.last_at) == (entries[0].at, entries[before - 1].at)
    entry = AuditEntry.objects.get(action="audit.verified")
    assert sentence(entry) == f"A1 校验了日志链（完整：是；数量：{before}）"


@pytest.mark.parametrize(
    ("harm", "broken_seq"),
    [
        ("UPDATE audit_auditentry SET payload = '{}' || ' ' WHERE seq = 25", 25),
        ("DELETE FROM audit_auditentry WHERE seq = 25", 26),
        ("DELETE FROM audit_auditentry WHERE seq > 25", None),
        ("DELETE FROM audit_auditentry", None),
        ("UPDATE audit_auditentry SET seq = 24 WHERE seq = 25", 24),
    ],
    ids=["changed", "deleted", "cut", "emptied", "numbered twice"],
)
def test_harm_is_found_wherever_the_parts_begin_and_end(harm, broken_seq, monkeypatch):
    note("interview:x", count=40)
    monkeypatch.setattr(chain, "PART", 8)
    whole = checked("interview:x")
    by_force(harm)

    broken = checked("interview:x")

    assert (whole.state, whole.entries) == (CheckState.HOLDS, 40)
    assert (broken.state, broken.broken_seq) == (CheckState.BROKEN, broken_seq)
    assert broken.broken_chain == "interview:x"


def test_all_chains_are_checked_and_the_broken_one_is_called_by_its_contract():
    task = make_task(contract_no="YXD-7")
    name = audit.interview_chain(task.pk)
    note(count=2)
    entries = AuditEntry.objects.count()
    whole = checked(EVERY_CHAIN)
    by_force(
        "UPDATE audit_auditentry SET payload = '[]' WHERE chain LIKE 'interview:%' AND seq = 1"
    )

    broken = checked(EVERY_CHAIN)

    assert (whole.state, whole.entries) == (CheckState.HOLDS, entries)
    assert (broken.state, broken.broken_chain, broken.broken_seq) == (CheckState.BROKEN, name, 1)
    assert "面谈 YXD-7自第 1 条起被改动" in client_of("A1").get(PAGE).content.decode()


def test_entries_whose_head_is_gone_are_found_among_all_chains():
    note("interview:lost")
    by_force("DELETE FROM audit_head WHERE chain = 'interview:lost'")

    assert checked(EVERY_CHAIN).broken_chain == "interview:lost"


def test_one_chain_is_checked_once_at_a_time():
    checking.request_check("admin", actor=AUDITOR)

    with pytest.raises(CheckRunning):
        checking.request_check("admin", actor=AUDITOR)

    assert ChainCheck.objects.count() == 1


def test_a_dead_workers_check_is_taken_up_again_and_given_up_after_three():
    job = checking.request_check("admin", actor=AUDITOR)
    ChainCheck.objects.update(
        state=CheckState.RUNNING, epoch=1, leased_until=timezone.now() - dt.timedelta(seconds=1)
    )
    assert checking.due_checks(5) == [job.pk]
    checking.run(job.pk)
    job.refresh_from_db()
    assert job.state == CheckState.HOLDS

    dead = checking.request_check("admin", actor=AUDITOR)
    ChainCheck.objects.filter(pk=dead.pk).update(epoch=checking.MOST_ATTEMPTS)
    checking.run(dead.pk)

    dead.refresh_from_db()
    assert dead.state == CheckState.FAILED


def test_a_check_that_is_held_by_another_worker_is_left_alone():
    job = checking.request_check("admin", actor=AUDITOR)
    ChainCheck.objects.update(
        state=CheckState.RUNNING, epoch=1, leased_until=timezone.now() + dt.timedelta(minutes=1)
    )

    checking.run(job.pk)

    job.refresh_from_db()
    assert job.state == CheckState.RUNNING
    assert not AuditEntry.objects.filter(action="audit.verified").exists()
    checking.run(uuid4())  # gone meanwhile: nothing to do


def test_the_whole_log_is_checked_only_by_who_sees_the_whole_of_it():
    client = client_of("A2", scope="institution")

    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, {"chain": "admin"}).status_code == 403
    assert client.get(f"{PAGE}state/").status_code == 403
    assert not ChainCheck.objects.exists()
    assert "日志链校验" not in client.get("/admin/audit/auditentry/").content.decode()
