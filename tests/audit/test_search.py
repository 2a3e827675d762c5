"""操作日志 at its page: words, search, export (WB-20)."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from accounts.selectors import actor_of
from audit import services as audit
from audit.models import AuditEntry
from audit.search import PAGE_SIZE, Search, page_of
from audit.sentences import sentence
from common.actor import SYSTEM
from common.spreadsheet import read_table
from tests.support.factories import make_task

LIST = "/admin/audit/auditentry/"


@pytest.fixture
def auditor(db):
    user = User.objects.create_user("A1", "test-password", name="审计员", is_staff=True)
    user.roles.add(Role.objects.create(code="a", name="a", operations=["audit.view"], scope="all"))
    client = Client()
    client.force_login(user)
    return client


def note(action="role.changed", actor=SYSTEM, object_id="7", **facts):
    audit.record(action, actor=actor, object_type="role", object_id=object_id, **facts)


@pytest.mark.django_db
def test_an_entry_is_a_sentence():
    user = User.objects.create_user("M3001", "test-password", name="韩雪")
    note(actor=actor_of(user), code="lead", gained=["videos.view"], lost=[], scope="own")
    audit.record("task.settled", actor=SYSTEM, object_type="task", object_id="7", state="REJECTED")
    note("user.locked")
    note("brand.new")

    told = [sentence(entry) for entry in AuditEntry.objects.order_by("pk")]

    assert told == [
        "M3001 修改了角色（代码：lead；增加：视频管理 · 查询与回放；范围：本人）",
        "系统 面谈任务有了结论（状态：已面谈（面谈拒绝））",
        "系统 连续输错密码，用户被锁定",
        "系统 操作了角色（brand.new）",
    ]


@pytest.mark.django_db
def test_the_log_is_searched_by_person_object_operation_time_and_contract(auditor):
    user = User.objects.create_user("M3001", "test-password", name="韩雪")
    note(actor=actor_of(user))
    note("role.deleted", object_id="8")
    task = make_task(contract_no="YXD-1")

    def told(**asked):
        return [row["entry"].action for row in auditor.get(LIST, asked).context["rows"]]

    assert told(person="M3001") == ["role.changed"]
    assert told(person="nobody") == []
    assert told(action="role.deleted") == ["role.deleted"]
    assert told(object_type="role", object_id="8") == ["role.deleted"]
    chain = audit.interview_chain(task.pk)
    assert told(contract_no="YXD-1") == [
        entry.action for entry in AuditEntry.objects.filter(chain=chain).order_by("-pk")
    ]
    today = timezone.localdate()
    assert len(told(since=today.isoformat())) == AuditEntry.objects.count()
    assert told(until=(today - dt.timedelta(days=1)).isoformat()) == []


@pytest.mark.django_db
def test_pages_follow_each_other_without_a_gap_or_a_repetition():
    for number in range(PAGE_SIZE * 2 + 5):
        note(object_id=str(number))

    seen, cursor = [], ""
    while True:
        page = page_of(Search(), cursor)
        seen += [entry.object_id for entry in page.rows]
        cursor = page.older
        if not cursor:
            break

    assert seen == [str(number) for number in reversed(range(PAGE_SIZE * 2 + 5))]


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_is_found_is_exported_and_the_export_is_an_entry(auditor, form):
    note(object_id="=cmd()")
    note("role.deleted")

    asked = {"source": "audit", "query": "/admin/audit/auditentry/?action=role.changed"}
    answer = auditor.post("/exports/new", asked | {"form": form})

    table = read_table(f"x.{form}", answer.content)
    assert [row[6] for row in table[1:]] == ["role.changed"]
    assert table[1][1] == "系统 修改了角色"
    assert table[1][5] == "角色 =cmd()"
    assert AuditEntry.objects.get(action="export.made").object_id == "audit"
    Role.objects.update(operations=["videos.view"])
    assert auditor.post("/exports/new", asked | {"form": form}).status_code == 404
