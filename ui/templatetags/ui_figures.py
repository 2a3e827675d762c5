"""How shares and spans are written."""

import math

from django import template

register = template.Library()


@register.filter
def percent(share: float | str | None) -> str:
    """88.8 %, or a dash; a figure that a template does not find comes as an empty string."""
    return "—" if share is None or isinstance(share, str) else f"{share * 100:.1f} %"


@register.filter
def counted(count: int | str, most: int) -> str:
    """A count that ended at a bound says so: 999+."""
    return f"{most}+" if isinstance(count, int) and count >= most else str(count)


@register.filter
def span(seconds: float | str | None) -> str:
    """00:48 or 1:02:09; a dash when there is nothing to say or no end."""
    if seconds is None or isinstance(seconds, str) or math.isinf(seconds):
        return "—"
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    text = f"{rest // 60:02d}:{rest % 60:02d}"
    return f"{hours}:{text}" if hours else text
