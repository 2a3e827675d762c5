"""A file of people that are there already: what changes is shown first, and done as a whole (ACC-2)."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Institution, PendingChange, Role, User
from audit.models import AuditEntry
from common.spreadsheet import write_csv
from parameters.models import Parameter
from seats.models import Seat

HEADS = ["工号", "姓名", "手机号", "邮箱", "机构号码", "角色代码"]

pytestmark = pytest.mark.django_db


def manager(staff_no="M1", scope="all", institution=None):
    user = User.objects.create_user(staff_no, "test-password", name="管理员", is_staff=True)
    user.institution = institution
    user.save()
    operations = ["accounts.view", "accounts.manage"]
    user.roles.add(
        Role.objects.create(code=staff_no, name="管理", operations=operations, scope=scope)
    )
    client = Client()
    client.force_login(user)
    return client


def somebody(staff_no, *roles, **fields):
    user = User.objects.create_user(staff_no, "test-password", name="原名", **fields)
    user.roles.set(roles)
    return user


def upload(client, *rows):
    file = SimpleUploadedFile("people.csv", write_csv([HEADS, *rows]))
    return client.post(reverse("admin:accounts_import"), {"file": file})


def confirm(client, page, **more):
    seal = re.search(r'name="rows" value="([^"]+)"', page.content.decode())
    assert seal is not None
    return client.post(reverse("admin:accounts_import"), {"rows": seal[1]}, **more)


def test_each_row_is_new_changed_unchanged_or_wrong_before_anything_is_done():
    client = manager()
    branch = Institution.objects.create(code="11", name="分行")
    role = Role.objects.create(code="qc", name="质检员", operations=["qc.view"], scope="own")
    somebody("S1", phone="13900000001")
    somebody("S2")

    page = upload(
        client,
        ["S1", "新名", "", "", "11", "qc"],
        ["S2", "原名", "", "", "", ""],
        ["S3", "新人", "", "", "", ""],
    )

    lines = page.context["lines"]
    assert [(line.is_new, line.is_changed) for line in lines] == [
        (False, True),
        (False, False),
        (True, False),
    ]
    assert lines[0].changes == (
        ("姓名", "原名", "新名"),
        ("手机号", "13900000001", ""),
        ("机构", "", str(branch)),
        ("角色", "", role.name),
    )
    text = page.content.decode()
    for words in ("新增 1", "修改 1", "不变 1", "姓名：原名 → 新名", "手机号：13900000001 → 空"):
        assert words in text
    assert User.objects.get(staff_no="S1").name == "原名"
    assert not User.objects.filter(staff_no="S3").exists()
    assert not AuditEntry.objects.filter(action__startswith="user.changed").exists()


def test_confirmed_new_ones_get_passwords_and_changed_ones_keep_theirs():
    client = manager()
    kept = somebody("S1")
    page = upload(client, ["S1", "新名", "", "", "", ""], ["S3", "新人", "", "", "", ""])

    told = confirm(client, page)

    text = told.content.decode()
    assert text.count('class="told"') == 1
    assert "已更新 1 个用户" in text
    before = kept.password
    kept.refresh_from_db()
    assert (kept.name, kept.password) == ("新名", before)
    assert AuditEntry.objects.filter(action="user.changed", object_id=str(kept.pk)).count() == 1


def test_only_changes_lead_back_to_the_list():
    client = manager()
    somebody("S1")

    answer = confirm(client, upload(client, ["S1", "新名", "", "", "", ""]), follow=True)

    assert answer.redirect_chain == [("/admin/accounts/user/", 302)]
    assert "已更新 1 个用户" in answer.content.decode()


def test_a_file_that_says_what_is_there_offers_nothing():
    client = manager()
    somebody("S1")

    text = upload(client, ["S1", "原名", "", "", "", ""]).content.decode()

    assert "没有可导入的内容" in text
    assert 'name="rows"' not in text


def test_what_changed_since_the_preview_is_shown_again_instead_of_written_over():
    client = manager()
    user = somebody("S1")
    page = upload(client, ["S1", "新名", "", "", "", ""], ["S3", "新人", "", "", "", ""])
    User.objects.filter(pk=user.pk).update(name="别人改的")

    again = confirm(client, page)

    assert "预览后有用户发生了变化" in again.content.decode()
    assert "姓名：别人改的 → 新名" in again.content.decode()
    user.refresh_from_db()
    assert user.name == "别人改的"
    assert not User.objects.filter(staff_no="S3").exists()
    confirm(client, again)
    user.refresh_from_db()
    assert user.name == "新名"


def test_what_a_service_would_refuse_is_an_error_of_the_row_and_nothing_is_done():
    client = manager()
    role = Role.objects.create(code="qc", name="质检员", operations=["qc.view"], scope="own")
    other = somebody("S1")

    page = upload(client, ["M1", "管理员", "", "", "", "qc"], ["S1", "新名", "", "", "", "qc"])

    lines = page.context["lines"]
    assert lines[0].errors == ("不能停用、删除自己，也不能修改自己的角色，请由其他管理员操作。",)
    assert lines[1].is_changed
    assert "1 行有误" in page.content.decode()
    assert 'name="rows"' not in page.content.decode()
    other.refresh_from_db()
    assert (other.name, role.users.count()) == ("原名", 0)


def test_people_and_roles_outside_of_the_editors_scope_are_not_touched():
    here = Institution.objects.create(code="11", name="分行")
    there = Institution.objects.create(code="12", name="别处")
    client = manager(scope="institution", institution=here)
    wide = Role.objects.create(code="wide", name="全行", operations=["qc.view"], scope="all")
    somebody("S1", institution=there)
    somebody("S2", wide, institution=here)
    mine = somebody("S3", institution=here)
    User.objects.create_superuser("root", "test-password", name="原名", institution=here)

    page = upload(
        client,
        ["S1", "新名", "", "", "12", ""],
        ["S2", "原名", "", "", "11", ""],
        ["S3", "新名", "", "", "11", ""],
        ["root", "新名", "", "", "11", ""],
    )

    lines = page.context["lines"]
    outside = ("超出您的数据范围",)
    assert [line.errors for line in lines] == [outside, outside, (), outside]
    mine.refresh_from_db()
    assert mine.name == "原名"


def test_roles_that_wait_for_a_second_person_are_told_to_wait():
    client = manager()
    Parameter.objects.create(key="four_eyes", value=1)
    role = Role.objects.create(code="qc", name="质检员", operations=["qc.view"], scope="own")
    user = somebody("S1")

    answer = confirm(client, upload(client, ["S1", "新名", "", "", "", "qc"]), follow=True)

    assert "待另一人复核" in answer.content.decode()
    assert PendingChange.objects.filter(object_id=str(user.pk)).count() == 1
    user.refresh_from_db()
    assert user.name == "新名"
    assert not role.users.exists()


def test_a_seat_that_loses_its_role_by_the_file_is_given_up_with_it():
    client = manager()
    seat_role = Role.objects.create(
        code="seat", name="面谈岗", operations=["workbench.use"], scope="own"
    )
    seat = Seat.objects.create(user=somebody("S1", seat_role), enabled=True)

    confirm(client, upload(client, ["S1", "原名", "", "", "", ""]))

    seat.refresh_from_db()
    assert seat.enabled is False
