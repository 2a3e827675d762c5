"""What rosters tell each other without knowing each other."""

from django.urls import reverse
from django.utils.translation import gettext as _

from marketing_media import selectors as media
from scripts_mgmt import selectors as scripts


def connect() -> None:
    """Scripts offer the enabled items to their steps; an item names the steps that play it."""
    if media_choices not in scripts.MEDIA_SOURCES:
        scripts.MEDIA_SOURCES.append(media_choices)
    if script_uses not in media.USE_SOURCES:
        media.USE_SOURCES.append(script_uses)


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
