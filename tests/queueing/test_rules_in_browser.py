"""分案规则 as a supervisor writes them: a sentence out of tokens, tried, published (DSP-1, DSP-3)."""

from playwright.sync_api import Page, expect

from accounts.models import User
from queueing import services
from queueing.models import RuleVersion
from queueing.selectors import policy_in_force
from queueing.states import VersionState
from tests.queueing.test_replay import three_calls_of_yesterday
from tests.queueing.test_rule_pages import entered
from tests.support.desk import IN_BROWSER, at_desk, wrong_with

pytestmark = IN_BROWSER
SENTENCE = (
    "当客户类型是优质、VIP之一，且年龄不少于 60 岁时，先找90 天内接待过该客户的坐席中最近接待过的优先；"
    "20 秒没有，再找全部示闲坐席中空闲最久优先；优先级加 2。"
)


def write_rule(page: Page) -> None:
    """Two conditions and two steps, each by its tokens."""
    page.get_by_label("新增规则").click()
    page.get_by_label("规则名称").fill("长者优先")
    page.get_by_role("button", name="条件", exact=True).click()
    page.get_by_label("属性", exact=True).select_option("customer_type")
    page.locator("#builder details.tok summary").click()
    page.get_by_label("优质").check()
    page.get_by_label("VIP").check()
    page.locator("#builder .read").click()  # a click elsewhere takes the ticks over
    page.get_by_role("button", name="条件", exact=True).click()
    page.get_by_label("属性", exact=True).nth(1).select_option("age")
    page.get_by_label("年龄", exact=True).fill("60")
    page.get_by_role("button", name="一步").click()
    page.get_by_label("坐席范围").first.select_option("served")
    page.get_by_label("策略").first.select_option("last_served")
    page.get_by_label("等待秒数").fill("20")
    page.get_by_label("优先级", exact=True).select_option("2")


def test_a_rule_is_written_tried_on_past_days_and_published(base_url: str) -> None:
    three_calls_of_yesterday()
    client = entered("M1", "dispatch.view", "dispatch.manage")

    with at_desk(base_url, client) as page:
        page.goto("/dispatch/")
        write_rule(page)
        expect(page.locator("#reading")).to_have_text(f"读作：{SENTENCE}")
        expect(page.locator("#findings")).to_contain_text("检查通过")
        wrong = wrong_with(page)

        page.get_by_role("button", name="保存草稿").click()
        expect(page.locator("#draft-chip")).to_have_text("草稿 第 1 版")
        with page.expect_response("**/dispatch/replay") as begun:
            page.locator("#replay").click()
        expect(page.get_by_label("试算进度")).to_be_visible()
        services.run_trial(str(User.objects.get(staff_no="M1").pk), begun.value.json()["trial"])
        expect(page.locator("#dry")).to_contain_text("来电 3 次，坐席 2 位")
        expect(page.locator("#dry")).to_contain_text("没有改派：两版选了同样的坐席")

        page.get_by_role("button", name="发布…").click()
        page.get_by_label("发布说明").fill("长者少等")
        page.get_by_role("button", name="确认发布").click()
        expect(page.get_by_text("生效 第 1 版")).to_be_visible()
        page.get_by_role("link", name="版本对比").click()
        expect(page.locator(".versions__list tbody tr")).to_have_count(1)
        expect(page.locator(".versions__list tbody tr")).to_contain_text("长者少等")
        expect(page.locator(".versions__changes")).to_contain_text(SENTENCE)
        wrong += wrong_with(page)

    assert wrong == []
    version = RuleVersion.objects.get()
    assert (version.state, version.note, version.published_by) == (
        VersionState.IN_FORCE,
        "长者少等",
        "M1",
    )
    (rule,) = policy_in_force().rules
    assert [(c.attribute, c.op, c.values, c.number) for c in rule.conditions] == [
        ("customer_type", "in", ("good", "vip"), None),
        ("age", "at_least", (), 60),
    ]
    assert [(s.scope, s.strategy, s.wait_s) for s in rule.steps] == [
        ("served", "last_served", 20),
        ("all", "longest_idle", 0),
    ]
    assert (rule.name, rule.priority) == ("长者优先", 2)
