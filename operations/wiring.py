"""What rosters, and the log, are told by rooms that they do not know."""

from collections import defaultdict
from functools import partial
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Role
from accounts.operations import label_of
from audit import sentences
from audit.models import AuditEntry
from channels_admin.models import Channel, ChannelService
from interviews.selectors import products_of_latest_tasks
from marketing_media import selectors as media
from marketing_media.models import ProductMedia
from parameters.definitions import DEFINITIONS
from scripts_mgmt import selectors as scripts
from scripts_mgmt.models import Script

from .audit_scope import chain_names


def connect() -> None:
    """Scripts offer the enabled items to their steps; an item names the steps that play it."""
    if media_choices not in scripts.MEDIA_SOURCES:
        scripts.MEDIA_SOURCES.append(media_choices)
    if script_uses not in media.USE_SOURCES:
        media.USE_SOURCES.append(script_uses)
    if places not in scripts.PLACE_SOURCES:
        scripts.PLACE_SOURCES.append(places)
    for side in ("gained", "lost"):
        sentences.READERS["role", side] = operations_in_words
        sentences.READERS["user", side] = roles_in_words
    for moment in ("before", "after"):
        sentences.READERS["parameter.set", moment] = setting_in_words
    sentences.NAMERS["parameter"] = parameter_in_words
    sentences.NAMERS["audit"] = chain_in_words


def media_choices() -> list[tuple[int, str]]:
    return [(item.pk, item.title) for item in media.enabled_items()]


def places() -> list[scripts.Place]:
    """Enabled channels with the products known, and the business types open to both."""
    services = list(
        ChannelService.objects.values_list("channel__code", "product_code", "business_type")
    )
    opened: dict[tuple[str, str], list[str]] = defaultdict(list)
    for channel, product, business in services:
        opened[channel, product].append(business)
    products = {code: code for _channel, code, _type in services if code} | _products()
    return [
        scripts.Place(channel.code, channel.name, code, name, business)
        for channel in Channel.objects.filter(enabled=True).order_by("name")
        for code, name in sorted(products.items())
        for business in dict.fromkeys(
            [*opened[channel.code, ""], *opened[channel.code, code]] or [""]
        )
    ]


def _products() -> dict[str, str]:
    """Code → name: there is no table of products on our side, only who names them."""
    named = dict(ProductMedia.objects.values_list("product_code", "product_code"))
    named |= scripts.named_products()
    return named | products_of_latest_tasks()


def places_in_words(script: Script) -> list[str]:
    return [
        " · ".join(filter(None, (place.channel_name, place.product_name, place.business_type)))
        for place in scripts.places_of(script)
    ]


def script_uses(item_id: int) -> list[media.Use]:
    return [
        media.Use(
            what=_("话术步骤"),
            where=f"{step.script} · {step}",
            url=reverse("admin:scripts_mgmt_script_change", args=[step.script_id]),
            needed=step.required and step.script.enabled,
            applies=partial(places_in_words, step.script),
        )
        for step in scripts.steps_playing(item_id)
    ]


def operations_in_words(_entry: AuditEntry, codes: Any) -> str:
    return "、".join(label_of(code) for code in codes)


def roles_in_words(_entry: AuditEntry, codes: Any) -> str:
    names = dict(Role.objects.filter(code__in=codes).values_list("code", "name"))
    return "、".join(names.get(code, code) for code in codes)


def setting_in_words(entry: AuditEntry, value: Any) -> str:
    definition = DEFINITIONS.get(entry.object_id)
    if value is None:
        return _("未设置")
    return definition.shown(value) if definition else str(value)


def chain_in_words(chain: str) -> str:
    return chain_names({chain}).get(chain, chain)


def parameter_in_words(key: str) -> str:
    definition = DEFINITIONS.get(key)
    return str(definition.label) if definition else key
