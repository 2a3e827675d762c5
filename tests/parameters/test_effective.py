"""Which value is in force, and which values are refused."""

import pytest
from django.core.exceptions import ValidationError

from parameters.models import Parameter, Scope
from parameters.selectors import Effective, effective

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
