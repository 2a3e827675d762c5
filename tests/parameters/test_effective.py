"""Which value is in force, and which values are refused."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from parameters.definitions import DEFINITIONS
from parameters.errors import NothingChanged, SettingRefused
from parameters.models import Parameter, ParameterChange, Scope
from parameters.selectors import Effective, differences_since, effective
from parameters.services import roll_back, set_value

pytestmark = pytest.mark.django_db


def put(value, scope=Scope.GLOBAL, code=""):
    row = Parameter(key="reconnect_window_s", scope=scope, code=code, value=value)
    row.full_clean()
    row.save()


def test_the_narrowest_setting_is_in_force():
    case = {"channel_code": "APP", "product_code": "YXD"}
    assert effective("reconnect_window_s", **case) == Effective(180, "default")

    put(120)
    assert effective("reconnect_window_s", **case) == Effective(120, "global")
    put(90, Scope.CHANNEL, "APP")
    assert effective("reconnect_window_s", **case) == Effective(90, "channel")
    put(60, Scope.PRODUCT, "YXD")
    assert effective("reconnect_window_s", **case) == Effective(60, "product")
    assert effective("reconnect_window_s") == Effective(120, "global")


@pytest.mark.parametrize(
    ("value", "scope", "code"),
    [
        (9, Scope.GLOBAL, ""),
        (1801, Scope.GLOBAL, ""),
        (60, Scope.GLOBAL, "X"),
        (60, Scope.PRODUCT, ""),
    ],
)
def test_a_value_out_of_range_or_a_scope_without_its_code_is_refused(value, scope, code):
    with pytest.raises(ValidationError):
        put(value, scope, code)

    assert not Parameter.objects.exists()


def test_a_scope_the_reader_never_asks_for_cannot_be_set():
    with pytest.raises(SettingRefused):
        set_value("slot_min", 60, scope=Scope.CHANNEL, code="APP", by="S1")

    assert effective("slot_min") == Effective(40, "default")


def test_each_change_says_what_it_was_and_can_be_rolled_back():
    first = set_value("offer_s", 30, scope=Scope.GLOBAL, by="S1", note="试行")
    second = set_value("offer_s", 45, scope=Scope.GLOBAL, by="S2")

    assert [(c.before, c.after, c.changed_by) for c in ParameterChange.objects.all()] == [
        (30, 45, "S2"),
        (None, 30, "S1"),
    ]
    roll_back(second.pk, by="S3")
    assert effective("offer_s") == Effective(30, "global")
    roll_back(first.pk, by="S3")
    assert effective("offer_s") == Effective(20, "default")
    with pytest.raises(NothingChanged):
        roll_back(first.pk, by="S3")
    assert ParameterChange.objects.count() == 4


def test_a_refused_value_leaves_no_history():
    with pytest.raises(SettingRefused) as refused:
        set_value("offer_s", 4, scope=Scope.GLOBAL, by="S1")

    assert refused.value.text == "应在 5 到 120 秒之间。"
    assert not ParameterChange.objects.exists()


def test_the_difference_to_a_moment_is_what_was_changed_and_not_changed_back():
    set_value("offer_s", 30, scope=Scope.GLOBAL, by="S1")
    moment = timezone.now()
    set_value("offer_s", 40, scope=Scope.GLOBAL, by="S1")
    set_value("offer_s", 50, scope=Scope.GLOBAL, by="S1")
    away = set_value("tag_lead_ms", 100, scope=Scope.PRODUCT, code="YXD", by="S1")
    roll_back(away.pk, by="S1")

    found = differences_since(moment)

    assert [(d.definition.key, d.then, d.now) for d in found] == [("offer_s", 30, 50)]


@pytest.mark.django_db(transaction=True)
def test_changes_at_the_same_time_make_one_unbroken_history():
    def change(value):
        try:
            set_value("offer_s", value, scope=Scope.GLOBAL, by="S1")
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(change, range(30, 36)))

    history = list(ParameterChange.objects.order_by("pk").values_list("before", "after"))
    assert [before for before, _ in history] == [None, *[after for _, after in history][:-1]]
    assert effective("offer_s").value == history[-1][1]


@pytest.mark.parametrize("definition", DEFINITIONS.values(), ids=lambda d: d.key)
def test_every_default_is_allowed_and_every_parameter_can_be_set_globally(definition):
    assert definition.allows(definition.default)
    assert "global" in definition.scopes
    assert set(definition.scopes) <= set(Scope.values)
