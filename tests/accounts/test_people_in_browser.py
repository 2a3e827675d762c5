"""权限管理 as an administrator works: a person, a role's tree, 谁能做什么, a file of people (ACC-1, ACC-2)."""

from playwright.sync_api import FilePayload, Page, expect

from accounts.models import DataScope, Institution, Role, User
from audit.models import AuditEntry
from common.spreadsheet import write_csv, write_xlsx
from tests.accounts.test_user_pages import HEADS, LIST, entered
from tests.support.desk import IN_BROWSER, at_desk, wrong_with

pytestmark = IN_BROWSER


def reviewers() -> Role:
    return Role.objects.create(
        code="review", name="质检员", operations=["qc.review"], scope=DataScope.ALL
    )


def add_person(page: Page) -> None:
    page.get_by_role("link", name="增加 用户").click()
    page.get_by_label("工号").fill("800500")
    page.get_by_label("姓名").fill("韩雪")
    page.get_by_label("手机号").fill("13900000001")
    page.get_by_label("机构").select_option(label="分行（11）")
    page.get_by_label("质检员").check()


def test_a_person_is_added_and_the_role_gets_another_duty(base_url: str) -> None:
    Institution.objects.create(code="11", name="分行")
    role = reviewers()
    client = entered("admin", "accounts.view", "accounts.manage")

    with at_desk(base_url, client) as page:
        page.goto(LIST)
        wrong = wrong_with(page)
        add_person(page)
        wrong += wrong_with(page)
        page.get_by_role("button", name="保存").click()
        told = page.get_by_role("row", name="800500").locator("code")
        expect(told).to_be_visible()
        password = told.inner_text()
        wrong += wrong_with(page)
        page.get_by_role("link", name="返回用户列表").click()
        row = page.get_by_role("row", name="800500")
        expect(row).to_contain_text("质检员")
        expect(row).to_contain_text("待改密")
        expect(page.get_by_text(password)).to_have_count(0)

        page.get_by_role("link", name="角色", exact=True).click()
        page.get_by_role("link", name="review", exact=True).click()
        page.get_by_label("视频坐席工作台 · 接待面谈").check()
        page.get_by_label("视频管理 · 查询与回放").check()
        page.get_by_role("button", name="保存", exact=True).click()
        expect(page.locator(".errorlist")).to_contain_text(
            "“视频坐席工作台 · 接待面谈”与“质检管理 · 质检复核”不得由同一人承担"
        )
        wrong += wrong_with(page)
        page.get_by_label("视频坐席工作台 · 接待面谈").uncheck()
        page.get_by_role("button", name="保存", exact=True).click()
        row = page.get_by_role("row", name="质检员")
        expect(row).to_contain_text("视频管理 · 查询与回放、质检管理 · 质检复核")
        wrong += wrong_with(page)

        page.get_by_role("link", name="谁能做什么").click()
        page.get_by_label("操作").select_option(label="视频管理 · 查询与回放")
        page.get_by_role("button", name="查询").first.click()
        row = page.get_by_role("row", name="800500 韩雪")
        expect(row).to_contain_text("质检员")
        expect(row).to_contain_text("全部")
        wrong += wrong_with(page)
        row.get_by_role("link").click()
        expect(page.get_by_role("row", name="查询与回放")).to_contain_text("质检员")
        expect(page.get_by_role("row", name="接待面谈")).to_contain_text("不能")
        wrong += wrong_with(page)

    assert wrong == []
    user = User.objects.get(staff_no="800500")
    assert (user.name, user.phone, user.institution_id) == (
        "韩雪",
        "13900000001",
        Institution.objects.get().pk,
    )
    assert user.check_password(password)
    assert (user.must_change_password, user.is_staff) == (True, True)
    role.refresh_from_db()
    assert (list(user.roles.all()), role.operations) == ([role], ["videos.view", "qc.review"])
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "user.created",
        "user.roles_set",
        "role.changed",
    ]


def test_a_file_shows_what_is_wrong_with_a_row_and_is_taken_in_when_nothing_is(
    base_url: str,
) -> None:
    role = reviewers()
    client = entered("admin", "accounts.view", "accounts.manage")
    good, bad = ["800601", "甲", "13900000001", "", "", "review"], ["800602", "乙", "abc", "", "9"]
    wrong_file = FilePayload(name="people.csv", mimeType="", buffer=write_csv([HEADS, good, bad]))
    right_file = FilePayload(name="people.xlsx", mimeType="", buffer=write_xlsx([HEADS, good]))

    with at_desk(base_url, client) as page:
        page.goto(LIST)
        page.get_by_role("link", name="导入").click()
        wrong = wrong_with(page)
        page.get_by_label("CSV 或 XLSX 文件").set_input_files(wrong_file)
        page.get_by_role("button", name="检查").click()
        expect(page.get_by_role("row", name="800601")).to_contain_text("新增")
        row = page.get_by_role("row", name="800602")
        expect(row).to_contain_text("手机号无效")
        expect(row).to_contain_text("没有机构号码 9")
        expect(page.get_by_role("heading", name="共 2 行")).to_contain_text("1 行有误")
        expect(page.get_by_role("button", name="导入：")).to_have_count(0)
        wrong += wrong_with(page)

        page.get_by_label("CSV 或 XLSX 文件").set_input_files(right_file)
        page.get_by_role("button", name="检查").click()
        expect(page.get_by_role("heading", name="共 1 行")).to_contain_text("新增 1")
        page.get_by_role("button", name="导入：").click()
        told = page.get_by_role("row", name="800601").locator("code")
        expect(told).to_be_visible()
        password = told.inner_text()
        wrong += wrong_with(page)

    assert wrong == []
    user = User.objects.exclude(staff_no="admin").get()
    assert (user.staff_no, user.name, list(user.roles.all())) == ("800601", "甲", [role])
    assert user.check_password(password)
