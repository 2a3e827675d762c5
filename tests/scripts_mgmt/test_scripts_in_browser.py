"""话术管理 as one writes a script: steps, the example, enabled, and why it applies (SCR-1)."""

from playwright.sync_api import Locator, Page, expect

from audit.models import AuditEntry
from scripts_mgmt.models import Script
from tests.scripts_mgmt.test_scripts import LIST, client_with, make
from tests.support.desk import IN_BROWSER, at_desk, wrong_with

pytestmark = IN_BROWSER


def step(page: Page, number: int) -> Locator:
    """The step's part of the form, added."""
    page.get_by_role("button", name="添加另一个 话术步骤").click()
    part = page.locator(f"#steps-{number - 1}")
    part.get_by_label("顺序").fill(str(number))
    return part


def write_script(page: Page) -> None:
    page.get_by_label("话术名称").fill("永续贷面谈")
    page.get_by_label("产品代码").fill("YXD")
    page.get_by_label("请客户准备").fill("身份证\n购房合同")
    first = step(page, 1)
    first.get_by_label("步骤").fill("核对本人")
    first.get_by_label("话术内容").fill("{客户姓名}您好，请看镜头。{星座}")
    first.get_by_label("要点").fill("光线足够\n一人在场")
    first.get_by_label("引导框").select_option(label="人脸框")
    second = step(page, 2)
    second.get_by_label("步骤").fill("确认金额")
    second.get_by_label("类别").select_option(label="客户答")
    second.get_by_label("话术内容").fill("您申请{产品名称} {贷款金额} 元，期限 {贷款期限} 个月。")
    second.get_by_label("确认卡").check()


def test_a_script_is_written_read_with_examples_enabled_and_found(base_url: str) -> None:
    default = make("通用话术", is_default=True)
    client = client_with("scripts.view", "scripts.manage")

    with at_desk(base_url, client) as page:
        page.goto(LIST)
        wrong = wrong_with(page)
        page.get_by_role("link", name="增加 话术").click()
        expect(page.get_by_text("可用变量：")).to_contain_text("{客户姓名} {产品名称}")
        expect(page.get_by_label("生效时间 日期")).not_to_have_value("")
        write_script(page)
        page.get_by_role("button", name="保存", exact=True).click()
        first = page.locator("#steps-0")
        expect(first.locator(".errorlist")).to_have_text("没有此变量：{星座}")
        wrong += wrong_with(page)
        first.get_by_label("话术内容").fill("{客户姓名}您好，请看镜头。")
        page.get_by_role("button", name="保存", exact=True).click()
        row = page.get_by_role("row", name="永续贷面谈")
        expect(row).to_contain_text("草稿")
        wrong += wrong_with(page)

        row.get_by_role("link").click()
        wrong += wrong_with(page)
        page.get_by_role("link", name="预览").click()
        one, two = page.locator(".script-steps > li").all()
        expect(one).to_contain_text("张三您好，请看镜头。")
        expect(one.get_by_role("heading")).to_contain_text("人脸框")
        expect(one.get_by_role("listitem")).to_have_text(["光线足够", "一人在场"])
        expect(two).to_contain_text("您申请永续贷 420,000.00 元，期限 60 个月。")
        expect(two.get_by_role("heading")).to_contain_text("确认卡")
        wrong += wrong_with(page)

        page.get_by_role("link", name="话术管理").last.click()
        page.get_by_role("row", name="永续贷面谈").get_by_role("checkbox").check()
        page.get_by_label("动作").select_option(label="启用所选话术")
        page.get_by_role("button", name="执行").click()
        expect(page.get_by_text("已启用 1 份话术。")).to_be_visible()
        expect(page.get_by_role("row", name="永续贷面谈")).not_to_contain_text("草稿")

        page.get_by_role("link", name="适用试算").click()
        page.get_by_label("产品代码").fill("YXD")
        page.get_by_role("button", name="试算").click()
        chosen, other = page.locator(".rows tbody tr").all()
        expect(chosen).to_contain_text("永续贷面谈 v1")
        expect(chosen.locator("td").last).to_have_text("适用")
        expect(other).to_contain_text("通用话术 v1")
        expect(other.locator("td").last).to_have_text("默认话术，已有更合适的话术")
        wrong += wrong_with(page)
        chosen.get_by_role("link").click()
        expect(page.get_by_text("此版本已启用过，内容不再修改")).to_be_visible()
        wrong += wrong_with(page)

    assert wrong == []
    script = Script.objects.exclude(pk=default.pk).get()
    assert (script.title, script.product_code, script.enabled, script.things_to_bring) == (
        "永续贷面谈",
        "YXD",
        True,
        ["身份证", "购房合同"],
    )
    fields = ("order", "title", "kind", "required", "guide", "card")
    assert list(script.steps.values_list(*fields)) == [
        (1, "核对本人", "read", True, "face", False),
        (2, "确认金额", "answer", True, "", True),
    ]
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "script.added",
        "script.enabled",
    ]
