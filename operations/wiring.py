"""What rosters, and the log, are told by rooms that they do not know."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Role
from accounts.operations import label_of
from audit import sentences
from audit.models import AuditEntry
from marketing_media import selectors as media
from parameters.definitions import DEFINITIONS
from scripts_mgmt import selectors as scripts


def connect() -> None:
    """Scripts offer the enabled items to their steps; an item names the steps that play it."""
    if media_choices not in scripts.MEDIA_SOURCES:
        scripts.MEDIA_SOURCES.append(media_choices)
    if script_uses not in media.USE_SOURCES:
        media.USE_SOURCES.append(script_uses)
    for side in ("gained", "lost"):
        sentences.READERS["role", side] = operations_in_words
        sentences.READERS["user", side] = roles_in_words
    for moment in ("before", "after"):
        sentences.READERS["parameter.set", moment] = setting_in_words
    sentences.NAMERS["parameter"] = parameter_in_words


def media_choices() -> list[tuple[int, str]]:
    return [(item.pk, item.title) for item in media.enabled_items()]


def script_uses(item_id: int) -> list[media.Use]:
    return [
        media.Use(
            what=_("话术步骤"),
            where=f"{step.script} · {step}",
            url=reverse("admin:scripts_mgmt_script_change", args=[step.script_id]),
            needed=step.required and step.script.enabled,
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


def parameter_in_words(key: str) -> str:
    definition = DEFINITIONS.get(key)
    return str(definition.label) if definition else key
