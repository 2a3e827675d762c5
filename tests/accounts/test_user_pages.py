"""权限管理 at its pages: list, add, change, act, spreadsheets, 谁能做什么 (ACC-1, ACC-2)."""

import io
import re
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import second_factor
from accounts.models import DataScope, Institution, Role, User
from accounts.selectors import actor_of
from common.spreadsheet import read_table, write_csv, write_xlsx
from tests.accounts.test_second_factor import code_of

pytestmark = pytest.mark.django_db
LIST = "/admin/accounts/user/"
HEADS = ["工号", "姓名", "手机号", "邮箱", "机构号码", "角色代码"]


@pytest.fixture
def bank():
    head = Institution.objects.create(code="1", name="总行")
    branch = Institution.objects.create(code="11", name="分行", parent=head)
    return {"head": head, "branch": branch}


@pytest.fixture
def seat_role():
    return Role.objects.create(code="seat", name="坐席", operations=["workbench.use"])


@pytest.fixture
def administrator(bank):
    return entered("admin", "accounts.view", "accounts.manage")


def entered(staff_no, *operations, scope=DataScope.ALL, institution=None):
    user = User.objects.create_user(
        staff_no, "test-password", name=staff_no, is_staff=True, institution=institution
    )
    user.roles.add(
        Role.objects.create(code=staff_no, name="r", operations=list(operations), scope=scope)
    )
    client = Client()
    client.force_login(user)
    return client


def somebody(staff_no="800500", **fields):
    return User.objects.create_user(staff_no, "test-password", name=f"人{staff_no}", **fields)


def act(client, what, *users):
    ids = ",".join(str(user.pk) for user in users)
    return client.post(reverse("admin:accounts_act", args=[what]), {"ids": ids})


def upload(client, rows, name="people.csv"):
    content = write_xlsx(rows) if name.endswith("xlsx") else write_csv(rows)
    return client.post(
        reverse("admin:accounts_import"), {"file": SimpleUploadedFile(name, content)}
    )


def hidden_rows(page):
    found = re.search(r'name="rows" value="([^"]+)"', page.content.decode())
    return found and found[1]


def test_a_person_is_added_with_a_password_that_shows_once(administrator, bank, seat_role):
    page = administrator.post(
        f"{LIST}add/",
        {
            "staff_no": "800500",
            "name": "韩雪",
            "phone": "13900000001",
            "email": "h@example.com",
            "institution": bank["branch"].pk,
            "roles": [seat_role.pk],
        },
    )

    user = User.objects.get(staff_no="800500")
    told = re.search(r'<code class="told">([^<]+)</code>', page.content.decode())
    assert told is not None
    assert user.check_password(told[1].replace("&amp;", "&"))
    assert "no-store" in page["Cache-Control"]
    assert list(user.roles.all()) == [seat_role]
    assert "told" not in administrator.get(LIST).content.decode()


def test_a_change_that_is_refused_says_why_and_changes_nothing(administrator):
    own = User.objects.get(staff_no="admin")

    page = administrator.post(
        f"{LIST}{own.pk}/change/", {"name": "管理员", "roles": []}, follow=True
    )

    assert "不能停用、删除自己，也不能修改自己的角色" in page.content.decode()
    assert own.roles.count() == 1


def test_the_list_finds_by_any_field_and_keeps_the_deleted_away(administrator):
    somebody(phone="13911112222")
    gone = somebody("800501")
    act(administrator, "delete", gone)

    def found(query):
        return administrator.get(f"{LIST}?{query}").context["cl"].result_count

    assert found("") == 2
    assert found("q=1391111") == 1
    assert found("state=deleted") == 1
    assert found("state=due") == 0
    assert found("state=on&q=800500") == 1


@pytest.mark.parametrize("what", ["enable", "disable", "unlock", "reset", "delete"])
def test_an_act_asks_first_and_is_for_those_who_manage(administrator, what):
    user = somebody()
    url = reverse("admin:accounts_act", args=[what])

    asked = administrator.get(f"{url}?ids={user.pk}").content.decode()
    looking = entered("V1", "accounts.view")

    assert "人800500" in asked
    assert looking.get(f"{url}?ids={user.pk}").status_code == 403
    assert looking.post(url, {"ids": str(user.pk)}).status_code == 403
    user.refresh_from_db()
    assert user.is_active


def test_disable_and_enable_reach_everybody_chosen_but_oneself(administrator):
    own, other = User.objects.get(staff_no="admin"), somebody()

    act(administrator, "disable", own, other)

    assert set(User.objects.filter(is_active=True)) == {own}
    act(administrator, "enable", other)
    assert User.objects.filter(is_active=True).count() == 2


def test_reset_shows_the_new_password_once(administrator):
    user = somebody()

    page = act(administrator, "reset", user)

    told = re.search(r'<code class="told">([^<]+)</code>', page.content.decode())
    user.refresh_from_db()
    assert told is not None
    assert user.check_password(told[1].replace("&amp;", "&"))
    assert user.must_change_password


def test_nobody_but_a_superuser_touches_a_superuser(administrator):
    root = User.objects.create_superuser("root", "test-password", name="root")

    page = act(administrator, "reset", root)

    assert "没有选中可操作的用户" in page.content.decode()
    root.refresh_from_db()
    assert root.check_password("test-password")
    assert administrator.post(f"{LIST}{root.pk}/change/", {"name": "x"}).status_code == 403


def test_a_login_that_opens_more_than_one_may_give_is_not_taken_over_by_a_reset(bank, seat_role):
    client = entered(
        "B1",
        "accounts.view",
        "accounts.manage",
        scope=DataScope.INSTITUTION,
        institution=bank["branch"],
    )
    wide = Role.objects.create(
        code="wide", name="全行", operations=["accounts.manage"], scope=DataScope.ALL
    )
    mighty = somebody(institution=bank["branch"])
    mighty.roles.add(seat_role, wide)
    seed = second_factor.begin(mighty)
    assert second_factor.confirm(mighty, code_of(seed), actor=actor_of(mighty))
    clerk = somebody("800501", institution=bank["branch"])
    clerk.roles.add(seat_role)

    asked = act(client, "reset", mighty, clerk).content.decode()
    act(client, "second", mighty)

    assert "其角色超出您可授予的范围" in asked
    for user in (mighty, clerk):
        user.refresh_from_db()
    assert mighty.check_password("test-password")
    assert second_factor.has_one(mighty)
    assert not clerk.check_password("test-password"), "who is refused stands in nobody's way"


def test_who_sees_the_whole_bank_and_manages_a_branch_changes_nobody_elsewhere(bank, seat_role):
    client = entered(
        "B1", "accounts.manage", scope=DataScope.INSTITUTION, institution=bank["branch"]
    )
    looks = Role.objects.create(
        code="looks", name="查看", operations=["accounts.view"], scope=DataScope.ALL
    )
    User.objects.get(staff_no="B1").roles.add(looks)
    above = somebody("100001", institution=bank["head"])
    here = somebody("110001", institution=bank["branch"])

    asked = act(client, "reset", above, here).content.decode()
    changed = client.post(f"{LIST}{above.pk}/change/", {"name": "x", "roles": []})

    assert "人110001" in asked
    assert "人100001" not in asked
    above.refresh_from_db()
    assert above.check_password("test-password")
    assert changed.status_code == 403
    assert client.get(f"{LIST}{above.pk}/change/").status_code == 200, "to look at"
    assert client.get(LIST).context["cl"].result_count == 3


def test_a_branchs_administrator_sees_and_gives_what_is_the_branchs(bank, seat_role):
    Role.objects.create(code="wide", name="全行", operations=["videos.view"], scope=DataScope.ALL)
    client = entered(
        "B1",
        "accounts.view",
        "accounts.manage",
        scope=DataScope.INSTITUTION,
        institution=bank["branch"],
    )
    above = somebody("100001", institution=bank["head"])
    wide = Role.objects.get(code="wide")

    form = client.get(f"{LIST}add/").content.decode()
    refused = client.post(
        f"{LIST}add/",
        {"staff_no": "1", "name": "x", "institution": bank["head"].pk, "roles": [wide.pk]},
    )

    assert "全行" not in form
    assert "总行" not in form
    assert refused.status_code == 200
    assert not User.objects.filter(staff_no="1").exists()
    assert client.get(LIST).context["cl"].result_count == 1
    assert "没有选中可操作的用户" in act(client, "disable", above).content.decode()
    assert client.get("/admin/accounts/role/add/").status_code == 403
    page = upload(client, [HEADS, ["800600", "甲", "", "", "1", "seat"]])
    assert "超出您的数据范围" in page.content.decode()


@pytest.mark.parametrize("name", ["people.csv", "people.xlsx"])
def test_a_file_is_previewed_and_then_taken_in_whole(administrator, bank, seat_role, name):
    rows = [
        HEADS,
        ["800601", "甲", "13900000001", "a@example.com", "11", "seat"],
        ["800602", "乙", "", "", "", ""],
    ]

    page = upload(administrator, rows, name)
    assert not User.objects.filter(staff_no="800601").exists()
    told = administrator.post(reverse("admin:accounts_import"), {"rows": hidden_rows(page)})

    assert told.content.decode().count('class="told"') == 2
    first = User.objects.get(staff_no="800601")
    assert (first.name, first.institution) == ("甲", bank["branch"])
    assert list(first.roles.all()) == [seat_role]


def test_every_wrong_row_says_what_is_wrong_and_nothing_is_taken_in(administrator, seat_role):
    User.objects.filter(pk=somebody("800500").pk).update(deleted_at=timezone.now())
    rows = [
        HEADS,
        ["800500", "甲", "", "", "", ""],
        ["800 7", "", "abc", "not-mail", "999", "nobody"],
        ["800602", "乙", "", "", "", "seat"],
        ["800602", "丙", "", "", "", ""],
    ]

    page = upload(administrator, rows)

    told = page.content.decode()
    for words in ("工号属于已删除的用户", "工号须为", "姓名须为", "手机号无效", "邮箱无效", "没有机构号码 999",
                  "没有角色代码 nobody", "工号在文件中重复", "3 行有误"):  # fmt: skip
        assert words in told, words
    assert hidden_rows(page) is None
    assert not User.objects.filter(staff_no="800602").exists()


def test_what_was_taken_meanwhile_stops_the_whole_file(administrator):
    page = upload(administrator, [HEADS, ["800601", "甲"], ["800602", "乙"]])
    somebody("800602")

    administrator.post(reverse("admin:accounts_import"), {"rows": hidden_rows(page)})

    assert not User.objects.filter(staff_no="800601").exists()


def test_a_forged_preview_is_refused(administrator):
    administrator.post(reverse("admin:accounts_import"), {"rows": "forged"})

    assert User.objects.count() == 1


def bomb():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", b"<a>" + b" " * 30_000_000)
    return file.getvalue()


def entities():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as book:
        book.writestr("xl/worksheets/sheet1.xml", '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>')
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xlsx", b"no zip"),
        ("a.xlsx", bomb()),
        ("a.xlsx", entities()),
        ("a.csv", b"\x00\x01\x02"),
        ("a.csv", b"a,b\n1,2\n"),
    ],
    ids=["no zip", "bomb", "entities", "binary", "other heads"],
)
def test_a_file_that_is_no_such_table_is_refused(administrator, name, content):
    page = administrator.post(
        reverse("admin:accounts_import"), {"file": SimpleUploadedFile(name, content)}
    )

    assert "errornote-inline" in page.content.decode()


def test_a_csv_out_of_a_chinese_office_program_is_read():
    content = "工号,姓名\r\n800500,韩雪\r\n".encode("gb18030")

    assert read_table("x.csv", content) == [["工号", "姓名"], ["800500", "韩雪"]]


def test_the_page_answers_who_can_do_this_and_what_this_person_can_do(administrator, seat_role):
    user = somebody("800500")
    user.roles.add(seat_role)
    url = reverse("admin:accounts_who")

    who = administrator.get(url, {"operation": "workbench.use"}).content.decode()
    what = administrator.get(url, {"person": "800500"}).context["answers"]

    assert "800500 人800500" in who
    granted = {answer.operation: answer.grant for answer in what if answer.grant}
    assert set(granted) == {"workbench.use"}
    assert granted["workbench.use"].roles == (seat_role,)
    assert "没有找到工号 999" in administrator.get(url, {"person": "999"}).content.decode()


def test_a_role_is_made_changed_and_deleted_from_its_pages(administrator):
    url = "/admin/accounts/role/"
    fields = {"code": "lead", "name": "组长", "scope": "own", "operations": ["videos.view"]}
    administrator.post(f"{url}add/", fields)
    made = Role.objects.get(code="lead")

    administrator.post(
        f"{url}{made.pk}/change/", {"name": "组长", "scope": "all", "operations": ["qc.view"]}
    )
    made.refresh_from_db()
    assert (made.scope, made.operations) == ("all", ["qc.view"])
    wrong = administrator.post(
        f"{url}add/", fields | {"code": "x", "operations": ["workbench.use", "qc.review"]}
    )
    assert "不得由同一人承担" in wrong.content.decode()
    administrator.post(f"{url}{made.pk}/delete/", {"post": "yes"})
    assert not Role.objects.filter(code="lead").exists()


def test_who_only_looks_reads_the_operations_of_a_role_in_words(administrator):
    role = Role.objects.create(code="lead", name="组长", operations=["videos.view", "qc.view"])
    looking = entered("V1", "accounts.view")

    page = looking.get(f"/admin/accounts/role/{role.pk}/change/").content.decode()

    assert "视频管理 · 查询与回放、质检管理 · 查询" in page
    assert "videos.view" not in page
