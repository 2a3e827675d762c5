"""参数设置: what counts and why, a value out of its range, and the way back (WB-6)."""

from playwright.sync_api import expect

from audit.models import AuditEntry
from parameters.models import Parameter, ParameterChange
from parameters.selectors import value_of
from tests.operations.test_parameter_pages import entered
from tests.support.desk import IN_BROWSER, at_desk, wrong_with

pytestmark = IN_BROWSER


def test_a_value_is_set_within_its_range_seen_with_its_source_and_rolled_back(
    base_url: str,
) -> None:
    with at_desk(base_url, entered("parameters.view", "parameters.manage")) as page:
        page.goto("/admin/parameters/parameter/")
        wrong = wrong_with(page)
        page.get_by_label("参数", exact=True).fill("振铃时长")
        page.get_by_role("button", name="查看生效值").click()
        row = page.locator("tbody tr")
        expect(row).to_have_count(1)
        for words in ("20 秒", "默认", "5–120 秒", "全局、渠道、产品"):
            expect(row).to_contain_text(words)
        row.get_by_role("link", name="振铃时长").click()

        form = page.locator("form", has=page.get_by_role("button", name="保存并生效"))
        save, value = form.get_by_role("button"), form.get_by_label("值")
        value.fill("4")
        form.get_by_label("修改原因").fill("坐席反映来不及接")
        save.click()
        assert "5" in value.evaluate("field => field.validationMessage")
        assert not Parameter.objects.exists()
        form.evaluate("form => { form.noValidate = true; }")  # a browser that does not look
        save.click()
        expect(page.get_by_text("应在 5 到 120 秒之间。")).to_be_visible()
        expect(value).to_have_value("4")
        wrong += wrong_with(page)

        value.fill("33")
        save.click()
        expect(page.get_by_text("已生效。")).to_be_visible()
        form.get_by_label("范围").select_option("channel")
        form.get_by_label("代码").fill("APP")
        value.fill("40")
        form.get_by_label("修改原因").fill("手机银行试点")
        save.click()
        history = page.locator("section", has_text="变更历史").locator("tbody tr")
        expect(history).to_have_count(2)
        expect(history.first).to_contain_text(
            "APP 未设置 → 40 秒 手机银行试点", use_inner_text=True
        )
        expect(history.last).to_contain_text("未设置 → 33 秒")
        wrong += wrong_with(page)

        page.goto("/admin/parameters/parameter/?q=offer_s")
        expect(row.locator(".chip")).to_have_text("全局")
        page.get_by_label("渠道代码").fill("APP")
        page.get_by_role("button", name="查看生效值").click()
        expect(row.locator(".chip")).to_have_text("渠道")
        expect(row).to_contain_text("40 秒")
        page.get_by_role("link", name="与过去对比").click()
        expect(page.locator("tbody tr")).to_have_count(2)
        wrong += wrong_with(page)

        page.get_by_role("link", name="振铃时长").first.click()
        history.last.get_by_role("button", name="回滚到变更前").click()
        expect(history).to_have_count(3)
        expect(history.first).to_contain_text("33 秒 → 未设置")
        expect(history.first).to_contain_text("回滚变更")
        expect(page.locator(".facts .chip")).to_have_text("默认")

    assert wrong == []
    assert (value_of("offer_s"), value_of("offer_s", channel_code="APP")) == (20, 40)
    changes = ParameterChange.objects.order_by("pk").values_list("scope", "before", "after")
    assert list(changes) == [("global", None, 33), ("channel", None, 40), ("global", 33, None)]
    assert AuditEntry.objects.filter(action="parameter.set", object_id="offer_s").count() == 3
