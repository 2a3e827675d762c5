"""The value in force, where it comes from, and what changed since a day."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Q

from .definitions import DEFINITIONS, Definition
from .models import Parameter, ParameterChange, Scope

# The narrower one first.
ORDER = (Scope.SEAT, Scope.PRODUCT, Scope.CHANNEL, Scope.GLOBAL)


@dataclass(frozen=True, slots=True)
class Effective:
    """`source` is a scope, or "default"."""

    value: int
    source: str


@dataclass(frozen=True, slots=True)
class Row:
    """One parameter as the page shows it: the value for the case in question and all settings."""

    definition: Definition
    effective: Effective
    settings: list[Parameter]


@dataclass(frozen=True, slots=True)
class Difference:
    """None means: not set there at that time."""

    definition: Definition
    scope: str
    code: str
    then: int | None
    now: int | None


def effective(
    key: str, *, channel_code: str = "", product_code: str = "", seat_no: str = ""
) -> Effective:
    """Seat before product before channel before global before the default."""
    rows = _settings({key}, channel_code, product_code, seat_no)
    return _in_force(DEFINITIONS[key], rows[key])


def value_of(key: str, *, channel_code: str = "", product_code: str = "", seat_no: str = "") -> int:
    return effective(
        key, channel_code=channel_code, product_code=product_code, seat_no=seat_no
    ).value


def values_of(*keys: str) -> list[int]:
    """The bank's own values of several, in their order, in one query."""
    rows = _settings(set(keys), "", "", "")
    return [_in_force(DEFINITIONS[key], rows[key]).value for key in keys]


def overview(
    *, channel_code: str = "", product_code: str = "", seat_no: str = "", words: str = ""
) -> list[Row]:
    """All parameters in the page's order, for one case; `words` narrow by name, key or help."""
    fitting = _settings(set(DEFINITIONS), channel_code, product_code, seat_no)
    everything: dict[str, list[Parameter]] = defaultdict(list)
    for row in Parameter.objects.filter(key__in=DEFINITIONS):
        everything[row.key].append(row)
    return [
        Row(definition, _in_force(definition, fitting[key]), everything[key])
        for key, definition in DEFINITIONS.items()
        if words.lower() in f"{key} {definition.label} {definition.help}".lower()
    ]


def differences_since(moment: dt.datetime) -> list[Difference]:
    """Settings that are not what they were at `moment`."""
    then: dict[tuple[str, str, str], int | None] = {}
    for change in ParameterChange.objects.filter(changed_at__gte=moment).order_by("pk"):
        then.setdefault((change.key, change.scope, change.code), change.before)
    now = {(row.key, row.scope, row.code): row.value for row in Parameter.objects.all()}
    return [
        Difference(DEFINITIONS[place[0]], place[1], place[2], before, now.get(place))
        for place, before in sorted(then.items())
        if place[0] in DEFINITIONS and before != now.get(place)
    ]


def _settings(
    keys: set[str], channel_code: str, product_code: str, seat_no: str
) -> dict[str, dict[str, int]]:
    """key → scope → value, of the settings that fit the case."""
    fitting: dict[str, dict[str, int]] = {key: {} for key in keys}
    for row in Parameter.objects.filter(
        Q(scope=Scope.GLOBAL)
        | Q(scope=Scope.CHANNEL, code=channel_code)
        | Q(scope=Scope.PRODUCT, code=product_code)
        | Q(scope=Scope.SEAT, code=seat_no),
        key__in=keys,
    ):
        fitting[row.key][row.scope] = row.value
    return fitting


def _in_force(definition: Definition, settings: dict[str, int]) -> Effective:
    for scope in ORDER:
        if scope in settings:
            return Effective(settings[scope], scope.value)
    return Effective(definition.default, "default")
