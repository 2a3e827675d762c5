"""参数设置: seen, set, rolled back, and by whom."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from audit.models import AuditEntry
from parameters.models import Parameter, ParameterChange
from parameters.services import set_value

pytestmark = pytest.mark.django_db
LIST = "/admin/parameters/parameter/"


def entered(*operations):
    user = User.objects.create_user("P" + str(len(operations)), "pw", name="管", is_staff=True)
    code = "r" + str(len(operations))
    user.roles.add(Role.objects.create(code=code, name=code, operations=list(operations)))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def manager():
    return entered("parameters.view", "parameters.manage")


def detail(key):
    return reverse("admin:parameters_detail", args=[key])


def test_the_list_shows_the_value_in_force_for_a_case_and_its_source(manager):
    set_value("offer_s", 33, scope="product", code="YXD", by="S1")

    everyone = manager.get(LIST, {"q": "offer_s"}).content.decode()
    case = manager.get(LIST, {"q": "offer_s", "product": "YXD"}).content.decode()

    assert '<span class="chip is-off">默认</span>' in everyone
    assert '<span class="chip is-talk">产品</span>' in case
    assert "<b>33 秒</b>" in case
    assert "断点重连时限" not in case


def test_a_value_is_set_with_its_reason_shown_in_the_history_and_rolled_back(manager):
    body = {"scope": "channel", "code": "APP", "value": "40", "note": "试点渠道"}

    page = manager.post(detail("offer_s"), body, follow=True).content.decode()

    assert "试点渠道" in page
    assert Parameter.objects.get().value == 40
    change = ParameterChange.objects.get()
    assert change.changed_by == "P2"
    manager.post(reverse("admin:parameters_roll_back", args=["offer_s", change.pk]))
    assert not Parameter.objects.exists()
    assert AuditEntry.objects.filter(action="parameter.set", object_id="offer_s").count() == 2


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"scope": "global", "value": "4"}, "应在 5 到 120 秒之间。"),
        ({"scope": "channel", "value": "40"}, "全局参数不填代码；其他范围必须填写代码。"),
        ({"scope": "seat", "code": "1", "value": "40"}, "选择一个有效的选项"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(manager, body, sentence):
    page = manager.post(detail("offer_s"), body | {"note": "x"}).content.decode()

    assert sentence in page
    assert not Parameter.objects.exists()


def test_a_setting_is_given_back_to_the_wider_scope(manager):
    set_value("offer_s", 33, scope="global", by="S1")

    manager.post(detail("offer_s"), {"remove": "1", "scope": "global", "code": ""})

    assert not Parameter.objects.exists()
    assert ParameterChange.objects.latest("pk").after is None


def test_a_colleague_who_may_only_look_changes_nothing():
    change = set_value("offer_s", 33, scope="global", by="S1")
    looker = entered("parameters.view")

    assert "保存并生效" not in looker.get(detail("offer_s")).content.decode()
    body = {"scope": "global", "value": "40", "note": "x"}
    assert looker.post(detail("offer_s"), body).status_code == 403
    roll_back = reverse("admin:parameters_roll_back", args=["offer_s", change.pk])
    assert looker.post(roll_back).status_code == 403
    assert looker.post(f"{LIST}add/", {}).status_code == 403
    assert Parameter.objects.get().value == 33


def test_a_stranger_sees_nothing():
    set_value("offer_s", 33, scope="global", by="S1")
    stranger = entered()

    for url in (LIST, detail("offer_s"), reverse("admin:parameters_difference")):
        assert stranger.get(url).status_code == 403


def test_the_difference_page_names_then_and_now(manager):
    set_value("offer_s", 33, scope="global", by="S1")

    page = manager.get(reverse("admin:parameters_difference")).content.decode()

    assert "振铃时长" in page
    assert "未设置" in page
    assert "33 秒" in page
