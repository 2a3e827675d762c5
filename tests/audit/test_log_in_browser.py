"""操作日志: found by person and operation, read as sentences, the chain checked, columns as one likes."""

from django.test import Client
from playwright.sync_api import expect

from accounts.models import ListColumns, Role, User
from accounts.selectors import actor_of
from audit import services as audit
from audit import tasks
from audit.models import AuditEntry, ChainCheck
from tests.support.desk import IN_BROWSER, at_desk, wrong_with

pytestmark = IN_BROWSER


def auditor() -> Client:
    user = User.objects.create_user("A1", "test-password", name="审计员", is_staff=True)
    user.roles.add(Role.objects.create(code="a", name="a", operations=["audit.view"], scope="all"))
    client = Client()
    client.force_login(user)
    return client


def test_the_log_is_searched_and_read_its_chain_is_checked_and_its_columns_are_kept(
    base_url: str,
) -> None:
    boss = actor_of(User.objects.create_user("M3001", "test-password", name="韩雪"))
    other = actor_of(User.objects.create_user("M3002", "test-password", name="别人"))
    for actor in (boss, other):
        audit.record(
            "role.changed", actor=actor, object_type="role", object_id=7, code="lead", scope="own"
        )
    audit.record("role.deleted", actor=boss, object_type="role", object_id=8)

    with at_desk(base_url, auditor()) as page:
        page.goto("/admin/audit/auditentry/")
        rows = page.locator(".rows tbody tr")
        wrong = wrong_with(page)
        page.get_by_label("工号").fill("M3001")
        page.locator("[name=action]").select_option("role.changed")
        page.get_by_role("button", name="查询").click()
        expect(rows).to_have_count(1)
        expect(rows.locator(".sentence")).to_have_text("M3001 修改了角色（代码：lead；范围：本人）")

        heads = page.get_by_role("columnheader")
        expect(heads).to_have_text(["时间", "说明", "操作者", "对象", "来源地址"])
        page.get_by_text("列", exact=True).click()
        wrong += wrong_with(page)
        page.get_by_role("checkbox", name="来源地址").uncheck()
        page.get_by_role("checkbox", name="操作者").uncheck()
        page.get_by_role("button", name="保存").click()
        expect(heads).to_have_text(["时间", "说明", "对象"])
        expect(rows).to_have_count(1)  # what was asked for still is
        expect(rows.get_by_role("cell")).to_have_count(3)

        rows.get_by_role("link").first.click()
        expect(page.get_by_text("M3001 修改了角色")).to_be_visible()
        wrong += wrong_with(page)
        page.goto("/admin/audit/auditentry/")
        expect(heads).to_have_text(["时间", "说明", "对象"])
        entries = AuditEntry.objects.filter(chain=audit.ADMIN_CHAIN).count()
        page.get_by_role("link", name="日志链校验").click()
        wrong += wrong_with(page)
        page.get_by_role("button", name="开始校验").click()
        expect(page.locator("[data-label]")).to_have_text("等待校验")
        tasks.check_chain(str(ChainCheck.objects.get().pk))
        expect(page.locator("[data-label]")).to_have_text("完整")  # the page has looked again
        expect(page.locator("[data-rows]")).to_have_text(str(entries))
        wrong += wrong_with(page)
        page.goto("/admin/audit/auditentry/")
        expect(rows.first).to_contain_text("A1 校验了日志链")

    assert wrong == []
    assert set(ListColumns.objects.get(user__staff_no="A1").columns) == {"in_words", "object_id"}
    assert AuditEntry.objects.get(action="audit.verified").object_id == "admin"
