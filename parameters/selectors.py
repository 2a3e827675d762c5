"""The value in force, and where it comes from."""

from dataclasses import dataclass

from django.db.models import Q

from .definitions import DEFINITIONS
from .models import Parameter, Scope


@dataclass(frozen=True, slots=True)
class Effective:
    """`source` is a scope, or "default"."""

    value: int
    source: str


def effective(key: str, *, channel_code: str = "", product_code: str = "") -> Effective:
    """Product before channel before global before the default."""
    rows = {
        row.scope: row.value
        for row in Parameter.objects.filter(
            Q(scope=Scope.GLOBAL)
            | Q(scope=Scope.CHANNEL, code=channel_code)
            | Q(scope=Scope.PRODUCT, code=product_code),
            key=key,
        )
    }
    for scope in (Scope.PRODUCT, Scope.CHANNEL, Scope.GLOBAL):
        if scope in rows:
            return Effective(rows[scope], scope.value)
    return Effective(DEFINITIONS[key].default, "default")


def value_of(key: str, *, channel_code: str = "", product_code: str = "") -> int:
    return effective(key, channel_code=channel_code, product_code=product_code).value
