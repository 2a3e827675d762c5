"""Which script applies, and why."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import QuerySet
from django.utils import timezone

from .models import Script, ScriptStep

# Items a step may play: (id, name). Set by a room above: rosters do not know each other.
MEDIA_SOURCES: list[Callable[[], list[tuple[int, str]]]] = []


@dataclass(frozen=True, slots=True)
class Place:
    """A channel with one of the products and business types it is used for."""

    channel_code: str
    channel_name: str
    product_code: str
    product_name: str
    business_type: str = ""


# Where customers call in now. Set by a room above, too.
PLACE_SOURCES: list[Callable[[], list[Place]]] = []


class Why(StrEnum):
    """What became of a script when one was looked for."""

    CHOSEN = "chosen"
    LESS_SPECIFIC = "less_specific"
    SUPERSEDED = "superseded"
    NOT_YET = "not_yet"
    DISABLED = "disabled"
    OTHER_CHANNEL = "other_channel"
    OTHER_PRODUCT = "other_product"
    OTHER_BUSINESS = "other_business"
    DEFAULT_NOT_NEEDED = "default_not_needed"


@dataclass(frozen=True, slots=True)
class Candidate:
    script: Script
    why: Why


def script_for(
    channel_code: str, product_code: str, business_type: str, at: dt.datetime | None = None
) -> Script | None:
    """The most specific script in force; else the default; else none (SCR-1).

    A script that names the product is more specific than one that names only the channel, and
    either more than one that names only the business type.
    """
    for candidate in explained(channel_code, product_code, business_type, at):
        if candidate.why is Why.CHOSEN:
            return candidate.script
    return None


def explained(
    channel_code: str, product_code: str, business_type: str, at: dt.datetime | None = None
) -> list[Candidate]:
    """Every script with what became of it; the chosen one first."""
    scripts = list(_newest_first().prefetch_related("steps"))
    return _judged(scripts, channel_code, product_code, business_type, at or timezone.now())


def places_of(script: Script, at: dt.datetime | None = None) -> list[Place]:
    """Channels, products and business types whose calls read this script at that time."""
    scripts, now = list(_newest_first()), at or timezone.now()
    return [
        place
        for source in PLACE_SOURCES
        for place in source()
        if _is_chosen(
            _judged(scripts, place.channel_code, place.product_code, place.business_type, now),
            script,
        )
    ]


def _newest_first() -> QuerySet[Script]:
    return Script.objects.order_by("-effective_from", "-pk")


def _is_chosen(candidates: list[Candidate], script: Script) -> bool:
    first = candidates[0]
    return first.script.pk == script.pk and first.why is Why.CHOSEN


def _judged(
    scripts: list[Script],
    channel_code: str,
    product_code: str,
    business_type: str,
    now: dt.datetime,
) -> list[Candidate]:
    reasons: dict[int, Why] = {}
    in_force: dict[tuple[str, str, str, bool], Script] = {}
    for script in scripts:
        reason = _refused(script, channel_code, product_code, business_type, now)
        if reason is not None:
            reasons[script.pk] = reason
            continue
        codes = (script.channel_code, script.product_code, script.business_type)
        match = ("", "", "", True) if script.is_default else (*codes, False)
        if match in in_force:  # newest first: another took its place
            reasons[script.pk] = Why.SUPERSEDED
        else:
            in_force[match] = script
    fitting = [script for script in in_force.values() if not script.is_default]
    default = in_force.get(("", "", "", True))
    best = max(fitting, key=_specificity, default=default)
    for script in in_force.values():
        reasons[script.pk] = Why.LESS_SPECIFIC if script in fitting else Why.DEFAULT_NOT_NEEDED
    if best is not None:
        reasons[best.pk] = Why.CHOSEN
    order = list(Why)
    return sorted(
        (Candidate(script, reasons[script.pk]) for script in scripts),
        key=lambda found: order.index(found.why),
    )


def _specificity(script: Script) -> tuple[bool, bool, bool]:
    return bool(script.product_code), bool(script.channel_code), bool(script.business_type)


def _refused(
    script: Script, channel_code: str, product_code: str, business_type: str, now: dt.datetime
) -> Why | None:
    if not script.enabled:
        return Why.DISABLED
    if not script.is_default:
        if script.channel_code not in ("", channel_code):
            return Why.OTHER_CHANNEL
        if script.product_code not in ("", product_code):
            return Why.OTHER_PRODUCT
        if script.business_type not in ("", business_type):
            return Why.OTHER_BUSINESS
    return Why.NOT_YET if script.effective_from > now else None


def named_products() -> dict[str, str]:
    """Products that scripts are for: code → name."""
    rows = Script.objects.exclude(product_code="").order_by("product_name", "pk")
    return {code: name or code for code, name in rows.values_list("product_code", "product_name")}


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put the case's values into `{名称}` places; an unknown place stays as it is written."""
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


def versions_of(script: Script) -> list[Script]:
    return list(Script.objects.filter(series=script.series).order_by("-version"))


def media_choices() -> list[tuple[int, str]]:
    return [choice for source in MEDIA_SOURCES for choice in source()]


def steps_playing(item_id: int) -> list[ScriptStep]:
    """Steps that point to a media item."""
    return list(ScriptStep.objects.filter(media_item_id=item_id).select_related("script"))
