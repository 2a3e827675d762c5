"""Which script applies and why; versions; what may be edited."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from audit.models import AuditEntry
from common.actor import SYSTEM
from scripts_mgmt import services
from scripts_mgmt.errors import ScriptEmpty, ScriptEnabled, ScriptTaken
from scripts_mgmt.models import Script, ScriptStep
from scripts_mgmt.selectors import Why, explained, script_for

pytestmark = pytest.mark.django_db
LIST = "/admin/scripts_mgmt/script/"
HOUR = dt.timedelta(hours=1)


def make(title, channel="", product="", business="", hours=-1.0, **fields) -> Script:
    """`hours`: when it takes effect, from now."""
    script = Script.objects.create(
        title=title,
        channel_code=channel,
        product_code=product,
        business_type=business,
        effective_from=timezone.now() + hours * HOUR,
        published_at=timezone.now() if fields.get("enabled", True) else None,
        **fields,
    )
    ScriptStep.objects.create(script=script, order=1, title="开场", text="{客户姓名}您好")
    return script


def client_with(*operations):
    user = User.objects.create_user("A1", "pw-of-a-test", name="管", is_staff=True)
    user.roles.add(Role.objects.create(code="r", name="r", operations=list(operations)))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize(
    ("case", "title"),
    [
        (("APP", "YXD", "面谈"), "产品和渠道"),
        (("WX", "YXD", "面谈"), "产品"),
        (("APP", "OTHER", "面谈"), "渠道"),
        (("WX", "OTHER", "面谈"), "业务"),
        (("WX", "OTHER", "其他"), "默认"),
    ],
)
def test_the_most_specific_script_applies_else_the_default(case, title):
    make("业务", business="面谈")
    make("渠道", channel="APP")
    make("产品", product="YXD")
    make("产品和渠道", channel="APP", product="YXD")
    make("默认", is_default=True)

    script = script_for(*case)

    assert script is not None
    assert script.title == title


def test_without_a_fitting_script_and_a_default_there_is_none():
    make("产品", product="YXD")

    assert script_for("APP", "OTHER", "面谈") is None


def test_of_versions_the_one_that_took_effect_last_is_in_force_at_each_time():
    make("旧", product="YXD", hours=-48)
    make("新", product="YXD", hours=-1)
    make("将来", product="YXD", hours=24)

    titles = [
        getattr(script_for("", "YXD", "", timezone.now() + hours * HOUR), "title", None)
        for hours in (-72, -24, 0, 48)
    ]

    assert titles == [None, "旧", "新", "将来"]


def test_every_script_says_what_became_of_it():
    make("默认", is_default=True)
    make("旧", product="YXD", hours=-48)
    make("选中", product="YXD")
    make("将来", product="YXD", hours=24)
    make("渠道", channel="APP")
    make("别的渠道", channel="WX")
    make("别的产品", product="ABC")
    make("别的业务", business="其他")
    make("停用", product="YXD", enabled=False, hours=-2)

    found = {c.script.title: c.why for c in explained("APP", "YXD", "面谈")}

    assert found == {
        "选中": Why.CHOSEN,
        "渠道": Why.LESS_SPECIFIC,
        "旧": Why.SUPERSEDED,
        "将来": Why.NOT_YET,
        "停用": Why.DISABLED,
        "别的渠道": Why.OTHER_CHANNEL,
        "别的产品": Why.OTHER_PRODUCT,
        "别的业务": Why.OTHER_BUSINESS,
        "默认": Why.DEFAULT_NOT_NEEDED,
    }


def test_the_next_version_is_a_draft_copy_and_the_old_one_stays_in_force():
    script = make("话术", product="YXD")

    draft = services.next_version(script.pk, actor=SYSTEM)

    assert (draft.version, draft.enabled, draft.series) == (2, False, script.series)
    assert list(draft.steps.values_list("order", "text")) == [(1, "{客户姓名}您好")]
    assert script.steps.count() == 1
    assert script_for("", "YXD", "") == script
    services.set_enabled([draft.pk], enabled=True, actor=SYSTEM)
    assert script_for("", "YXD", "") == draft
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "script.versioned",
        "script.enabled",
    ]


def test_an_empty_script_and_one_at_the_same_place_and_time_are_not_enabled():
    empty = Script.objects.create(title="空", enabled=False)
    first = make("甲", product="YXD")
    second = make("乙", product="YXD", enabled=False)
    Script.objects.filter(pk=second.pk).update(effective_from=first.effective_from)

    with pytest.raises(ScriptEmpty):
        services.set_enabled([empty.pk], enabled=True, actor=SYSTEM)
    with pytest.raises(ScriptTaken) as taken:
        services.set_enabled([second.pk], enabled=True, actor=SYSTEM)

    assert "甲 v1" in taken.value.text
    assert Script.objects.filter(enabled=True).get() == first


def test_an_enabled_script_is_not_deleted():
    script = make("话术")

    with pytest.raises(ScriptEnabled):
        services.delete_script(script.pk, actor=SYSTEM)
    services.set_enabled([script.pk], enabled=False, actor=SYSTEM)
    services.delete_script(script.pk, actor=SYSTEM)

    assert not Script.objects.exists()


def test_a_variable_nobody_fills_is_refused():
    step = ScriptStep(script=make("话术"), order=2, title="二", text="{客户姓名}的{星座}")

    with pytest.raises(ValidationError, match="没有此变量"):
        step.full_clean()


def test_a_script_that_was_enabled_is_read_only_and_offers_the_next_version():
    script = make("话术", product="YXD")
    client = client_with("scripts.view", "scripts.manage")
    url = f"{LIST}{script.pk}/change/"

    page = client.get(url).content.decode()
    client.post(url, {"title": "改了"})

    assert "内容不再修改" in page
    assert "建立新版本" in page
    script.refresh_from_db()
    assert script.title == "话术"
    response = client.post(reverse("admin:scripts_next", args=[script.pk]))
    draft = Script.objects.get(version=2)
    assert response["Location"].endswith(f"/{draft.pk}/change/")
    assert 'name="steps-0-text"' in client.get(response["Location"]).content.decode()


def test_a_new_script_from_the_page_is_a_draft_until_it_is_enabled():
    client = client_with("scripts.view", "scripts.manage")
    body = {
        "title": "新话术",
        "product_code": "YXD",
        "effective_from_0": "2026-01-01",
        "effective_from_1": "00:00:00",
        "steps-TOTAL_FORMS": "1",
        "steps-INITIAL_FORMS": "0",
        "steps-0-order": "1",
        "steps-0-title": "开场",
        "steps-0-kind": "read",
        "steps-0-text": "您好",
        "steps-0-key_points": "看着镜头\n\n说清楚",
        "steps-0-guide": "face",
    }

    client.post(f"{LIST}add/", body)

    script = Script.objects.get()
    assert script.enabled is False
    step = script.steps.get()
    assert (step.points, step.guide) == (["看着镜头", "说清楚"], "face")
    client.post(LIST, {"action": "enable", "_selected_action": [script.pk]})
    assert script_for("", "YXD", "") == script


def test_the_trial_and_the_example_open_for_those_who_see_scripts():
    script = make("话术", product="YXD")
    client = client_with("scripts.view")

    applied = client.get(reverse("admin:scripts_apply"), {"product": "YXD"}).content.decode()
    example = client.get(reverse("admin:scripts_example", args=[script.pk])).content.decode()

    assert '<span class="chip is-idle">适用</span>' in applied
    assert "张三您好" in example
    assert client.post(reverse("admin:scripts_next", args=[script.pk])).status_code == 403
    Role.objects.update(operations=[])
    assert client.get(reverse("admin:scripts_apply")).status_code == 403


def test_two_steps_change_places_in_one_go():
    script = make("草稿", enabled=False)
    Script.objects.update(published_at=None)
    ScriptStep.objects.create(script=script, order=2, title="告知", text="告知")
    first, second = script.steps.all()
    form = {
        "title": "草稿",
        "effective_from_0": "2026-01-01",
        "effective_from_1": "00:00:00",
        "steps-TOTAL_FORMS": "2",
        "steps-INITIAL_FORMS": "2",
    }
    for number, (step, order) in enumerate(((first, 2), (second, 1))):
        form |= {
            f"steps-{number}-{name}": str(value)
            for name, value in {
                "id": step.pk,
                "script": script.pk,
                "order": order,
                "title": step.title,
                "kind": step.kind,
                "text": step.text,
            }.items()
        }

    answer = client_with("scripts.view", "scripts.manage").post(f"{LIST}{script.pk}/change/", form)

    assert answer.status_code == 302, answer.content.decode()[:3000]
    assert [step.title for step in script.steps.all()] == ["告知", "开场"]
