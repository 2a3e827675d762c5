"""告警: a rule is written, its line is crossed, somebody at the wallboard takes care of it."""

from playwright.sync_api import expect

from accounts.models import Role, User
from audit.models import AuditEntry
from queueing import services
from queueing.models import Alert, AlertRule
from queueing.states import AlertLevel, AlertMetric
from tests.queueing.test_alerts import a_long_line, a_recorder_that_stands_still
from tests.queueing.test_line_page import supervisor
from tests.queueing.test_rule_pages import entered
from tests.support.desk import IN_BROWSER, at_desk, wrong_with

pytestmark = IN_BROWSER


def test_a_rule_is_saved_fires_and_is_acknowledged(base_url: str) -> None:
    AlertRule.objects.all().delete()
    client = supervisor("dispatch.manage")

    with at_desk(base_url, client) as page:
        page.goto("/wallboard/alerts/")
        page.get_by_text("新增一条规则").click()
        form = page.locator(".alerts__new form")
        form.get_by_label("指标").select_option("line")
        form.get_by_label("界限").fill("2")
        form.get_by_label("级别").select_option("stop")
        wrong = wrong_with(page)
        form.get_by_role("button", name="保存").click()
        expect(page.get_by_text("已保存：排队人数超过 2 人")).to_be_visible()
        expect(page.locator(".alerts__rules tbody tr")).to_have_count(1)
        expect(page.locator(".alerts__rules tbody tr")).to_contain_text("M9")

        a_long_line()
        services.evaluate_alerts()
        page.get_by_role("link", name="返回看板").click()
        alert = page.locator("[data-alert]")
        expect(alert).to_contain_text("排队 3 人")
        wrong += wrong_with(page)
        alert.get_by_role("button", name="确认：排队 3 人").click()
        expect(alert).to_contain_text("M9 已确认")
        page.get_by_role("link", name="告警规则").click()
        row = page.locator("tbody tr", has_text="排队 3 人")
        expect(row).to_contain_text("未恢复")
        expect(row).to_contain_text("M9")

    assert wrong == []
    rule = AlertRule.objects.get()
    assert (rule.metric, rule.threshold, rule.level, rule.enabled) == (
        AlertMetric.LINE,
        2,
        AlertLevel.STOP,
        True,
    )
    told = Alert.objects.get(rule=rule)
    assert told.fired_at is not None
    assert told.acknowledged_at is not None
    assert (told.acknowledged_by, told.ended_at) == ("M9", None)
    assert set(AuditEntry.objects.values_list("action", flat=True)) >= {
        "alert_rule.saved",
        "alert.acknowledged",
    }


def test_who_works_elsewhere_is_told_and_takes_care_of_it_there(base_url: str) -> None:
    AlertRule.objects.all().delete()
    client = supervisor("dispatch.manage", "channels.view", "seats.view", "reports.view")
    User.objects.update(is_staff=True)
    services.evaluate_alerts()

    with at_desk(base_url, client) as page:
        page.goto("/seats/")
        badge = page.locator("#told summary")
        expect(badge).to_be_hidden()

        AlertRule.objects.create(metric=AlertMetric.LINE, threshold=2, level=AlertLevel.RISK)
        a_long_line()
        services.evaluate_alerts()
        page.reload()
        expect(badge).to_have_attribute("aria-label", "1 条告警待确认")
        expect(page.get_by_text("新告警：排队 3 人")).to_be_visible()
        badge.click()
        wrong = wrong_with(page)
        page.get_by_label("新告警响一声").check()

        page.goto("/admin/channels_admin/channel/")
        expect(badge).to_have_attribute("aria-label", "1 条告警待确认")
        expect(page.locator(".told__toast")).to_be_hidden()  # told once
        badge.click()
        expect(page.get_by_label("新告警响一声")).to_be_checked()
        wrong += wrong_with(page)
        page.get_by_role("button", name="确认：排队 3 人").click()
        expect(page.locator("[data-alert]")).to_contain_text("M9 已确认")
        page.keyboard.press("Escape")
        expect(page.locator("[data-alert]")).to_be_hidden()

        services.evaluate_alerts()
        page.goto("/wallboard/line/")
        expect(badge).to_have_attribute("aria-label", "1 条告警，均已确认")
        wrong += wrong_with(page)

    assert wrong == []
    assert Alert.objects.get().acknowledged_by == "M9"


def test_no_button_is_offered_where_it_would_be_refused(base_url: str) -> None:
    AlertRule.objects.all().delete()
    client = entered("M9", "dispatch.view")
    Role.objects.filter(code="M9").update(scope="all")
    acts = Role.objects.create(code="own", name="own", operations=["seats.manage"], scope="own")
    User.objects.get(staff_no="M9").roles.add(acts)
    for metric, threshold in ((AlertMetric.LINE, 2), (AlertMetric.RECORDER, 5)):
        AlertRule.objects.create(metric=metric, threshold=threshold, level=AlertLevel.RISK)
    a_long_line()
    a_recorder_that_stands_still()
    services.evaluate_alerts()

    with at_desk(base_url, client) as page:
        for where, list_of in (("/wallboard/", "#alerts"), ("/wallboard/line/", "#told")):
            page.goto(where)
            if list_of == "#told":
                page.locator("#told summary").click()
            expect(page.locator(f"{list_of} [data-alert]")).to_have_count(2)
            expect(page.locator(f"{list_of} [data-alert] button")).to_have_count(1)
            expect(page.locator(f"{list_of} [data-alert] button")).to_have_accessible_name(
                "确认：排队 3 人"
            )
