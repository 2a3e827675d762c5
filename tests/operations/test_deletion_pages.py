"""A deletion that is refused says what is in the way, and what to do instead."""

import re

import pytest
from django.test import Client

from accounts.models import Institution, Role, User
from audit.models import AuditEntry
from channels_admin.models import Channel
from marketing_media.models import MediaItem
from qc.models import QcReview, SamplingPlan, SamplingRun, ScoreForm
from qc.states import ReviewOrigin
from scripts_mgmt.models import Script, ScriptStep
from tests.support.factories import make_ended_call

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss():
    client = Client()
    client.force_login(User.objects.create_superuser("root", "test-password", name="root"))
    return client


def used_institution():
    head = Institution.objects.create(code="1", name="总行")
    Institution.objects.create(code="2", name="分行", parent=head)
    User.objects.create_user("S1", "test-password", name="李四", institution=head)
    return head, ["李四 S1", "分行（2）"], "转到其他机构"


def held_role():
    role = Role.objects.create(code="lead", name="主管", operations=[], scope="own")
    User.objects.create_user("S1", "test-password", name="李四").roles.add(role)
    return role, ["李四 S1"], "收回该角色"


def open_channel():
    return Channel.objects.create(name="手机银行", code="APP", enabled=True), ["启用"], "停用后"


def script_in_force():
    return Script.objects.create(title="开场", enabled=True), ["开场 v1 处于启用状态"], "停用后"


def needed_item():
    item = MediaItem.objects.create(title="提示", kind="risk_notice", enabled=False)
    script = Script.objects.create(title="开场", enabled=True)
    ScriptStep.objects.create(script=script, order=1, title="播放", text="x", media_item_id=item.pk)
    return item, ["开场 v1"], "换用其他素材"


def drawn_plan():
    plan = SamplingPlan.objects.create(name="日常", percent=5)
    SamplingRun.objects.create(plan=plan, day="2026-11-01", rule={}, population=9, chosen=1)
    return plan, ["2026-11-01"], "去掉“启用”"


def used_form():
    form = ScoreForm.objects.create(title="面谈质量", version=9)
    QcReview.objects.create(call=make_ended_call(), origin=ReviewOrigin.DOUBT, score_form=form)
    return form, ["已用于 1 次质检评分"], "新建一个版本"


USED = [
    used_institution,
    held_role,
    open_channel,
    script_in_force,
    needed_item,
    drawn_plan,
    used_form,
]


def urls_of(row):
    start = f"/admin/{row._meta.app_label}/{row._meta.model_name}/"
    return start, f"{start}{row.pk}/delete/"


@pytest.mark.parametrize("used", USED)
def test_the_page_names_what_uses_the_row_and_what_to_do_instead(boss, used):
    row, names, instead = used()
    listed, page = urls_of(row)
    entries = AuditEntry.objects.count()

    asked = boss.get(page)
    forced = boss.post(page, {"post": "yes"})
    many = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes", "index": "0"}
    together = boss.post(listed, many)

    for answer in (asked, forced, together):
        text = answer.content.decode()
        assert answer.status_code == 200
        assert "不能删除，因为" in text
        for name in names:
            assert name in text
        assert instead in text
    assert type(row).objects.filter(pk=row.pk).exists()
    assert AuditEntry.objects.count() == entries


def test_the_page_offers_to_disable_instead(boss):
    channel, _names, _instead = open_channel()
    listed, page = urls_of(channel)
    form = re.search(r'<form method="post"\s+action="([^"]+)">(.*?)</form>',
                     boss.get(page).content.decode().split("不能删除")[-1], re.DOTALL)  # fmt: skip
    assert form is not None
    assert form[1] == listed
    fields = dict(re.findall(r'name="(\w+)"\s+value="([^"]*)"', form[2]))
    fields.pop("csrfmiddlewaretoken")

    boss.post(form[1], fields)

    channel.refresh_from_db()
    assert channel.enabled is False
    assert "不能删除" not in boss.get(page).content.decode()


def test_of_many_holders_twenty_are_named_and_the_rest_is_counted(boss):
    role, _names, _instead = held_role()
    for number in range(25):
        User.objects.create_user(f"T{number:02}", None, name="某人").roles.add(role)

    text = boss.get(urls_of(role)[1]).content.decode()

    assert text.count("某人 T") == 19
    assert "另有 6 个用户" in text


def test_who_only_looks_is_not_asked(boss):
    channel, _names, _instead = open_channel()
    user = User.objects.create_user("V1", "test-password", name="查询", is_staff=True)
    user.roles.add(
        Role.objects.create(code="v", name="v", operations=["channels.view"], scope="all")
    )
    viewer = Client()
    viewer.force_login(user)

    assert viewer.get(urls_of(channel)[1]).status_code == 403
