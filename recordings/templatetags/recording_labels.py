"""How moments and marks of a recording are written."""

from typing import Any

from django import template
from django.utils.translation import gettext as _

from interviews.states import TagKind

register = template.Library()


@register.filter
def clock_of_ms(ms: int) -> str:
    """00:12:31"""
    seconds = int(ms) // 1000
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


@register.filter
def event_label(event: dict[str, Any]) -> str:
    kind = str(event["kind"])
    if kind == "tag":
        tag = event["payload"].get("kind", "")
        return str(TagKind(tag).label) if tag in TagKind.values else _("标签")
    labels = {
        "snapshot": _("抓拍"),
        "mute": _("静音"),
        "unmute": _("取消静音"),
        "participant.left": _("离开"),
        "script_step": _("话术步骤"),
        "gap": _("画面中断"),
    }
    return labels.get(kind, kind)
