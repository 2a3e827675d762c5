"""渠道管理: added with its limits, found, disabled together, deleted only when disabled (CHN-1, CHN-2)."""

from playwright.sync_api import expect

from audit.models import AuditEntry
from channels_admin.models import Channel
from tests.channels_admin.test_channel_admin import LIST, client_with
from tests.support.desk import IN_BROWSER, at_desk, wrong_with

pytestmark = IN_BROWSER


def test_a_channel_is_added_found_disabled_with_others_and_deleted(
    base_url: str, channel: Channel
) -> None:
    other = Channel.objects.create(name="手机银行", code="mobile", enabled=True)

    with at_desk(base_url, client_with("channels.view", "channels.manage")) as page:
        page.goto(LIST)
        page.get_by_role("link", name="增加 渠道").click()
        page.get_by_label("渠道名称").fill("手机网点")
        page.get_by_label("渠道代码").fill("branch")
        expect(page.get_by_label("渠道状态")).to_have_value("False")
        page.get_by_role("button", name="添加另一个 渠道指定属地").click()
        region = page.locator("#regions-0")
        region.get_by_label("属地名称").fill("吴兴")
        place = page.get_by_role("button", name="浙江省 湖州市 吴兴区")
        expect(place).to_be_visible()
        wrong = wrong_with(page)
        place.click()
        expect(region.get_by_label("行政区划代码")).to_have_value("330502")
        page.get_by_role("button", name="添加另一个 渠道指定 GPS 定位").click()
        page.get_by_role("button", name="地图").click()
        expect(page.get_by_role("img", name="围栏示意图")).to_be_visible()
        page.get_by_role("button", name="添加另一个 渠道指定网络").click()
        page.get_by_role("button", name="添加另一个 开放业务种类").click()
        wrong += wrong_with(page)
        for group in ("fences", "networks", "services"):  # these were only looked at
            page.locator(f"#{group}-0 .inline-deletelink").click()
        page.get_by_role("button", name="保存", exact=True).click()
        expect(page.get_by_text("手机网点（branch）")).to_be_visible()
        rows = page.locator("#result_list tbody tr")
        expect(rows).to_have_count(3)
        wrong += wrong_with(page)

        rows.get_by_role("link", name="手机网点", exact=True).click()
        expect(region.get_by_label("属地名称")).to_have_value("浙江省湖州市吴兴区")
        wrong += wrong_with(page)
        page.go_back()
        page.locator("#searchbar").fill("手机")
        page.get_by_role("button", name="搜索").click()
        expect(rows).to_have_count(2)
        page.locator("#searchbar").fill("YUAN")
        page.get_by_role("button", name="搜索").click()
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("原银在线")

        page.goto(LIST)
        action, go = page.get_by_label("动作"), page.get_by_role("button", name="执行")
        rows.filter(has_text="mobile").get_by_role("checkbox").check()
        action.select_option("delete_selected")
        go.click()
        expect(page.get_by_text("手机银行（mobile） 处于启用状态，请先停用")).to_be_visible()
        expect(page.get_by_role("button", name="是的，我确定")).to_have_count(0)
        wrong += wrong_with(page)

        page.goto(LIST)
        page.locator("#action-toggle").check()
        expect(page.locator(".action-counter")).to_contain_text("选中了 3 个中的 3 个")
        action.select_option("disable")
        wrong += wrong_with(page)
        go.click()
        expect(page.get_by_text("已停用 2 个渠道。")).to_be_visible()
        expect(rows.locator(".field-enabled", has_text="停用")).to_have_count(3)

        rows.filter(has_text="mobile").get_by_role("checkbox").check()
        action.select_option("delete_selected")
        go.click()
        wrong += wrong_with(page)
        page.get_by_role("button", name="是的，我确定").click()
        expect(rows).to_have_count(2)

    assert wrong == []
    added = Channel.objects.get(code="branch")
    assert (added.name, added.enabled) == ("手机网点", False)
    assert list(added.regions.values_list("name", "code")) == [("浙江省湖州市吴兴区", "330502")]
    assert set(Channel.objects.values_list("code", "enabled")) == {
        ("branch", False),
        ("yuanyin", False),
    }
    told = AuditEntry.objects.filter(object_type="channel").order_by("pk")
    assert list(told.values_list("action", "object_id")) == [
        ("channel.added", str(added.pk)),
        ("channel.disabled", str(channel.pk)),
        ("channel.disabled", str(other.pk)),
        ("channel.deleted", str(other.pk)),
    ]
