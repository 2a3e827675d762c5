"""Which script applies."""

from collections.abc import Mapping

from django.db.models import Q

from .models import Script


def script_for(channel_code: str, product_code: str, business_type: str) -> Script | None:
    """The most specific enabled script; else the default; else none (SCR-1).

    A script that names the product is more specific than one that names only the channel, and
    either more than one that names only the business type.
    """
    fitting = Script.objects.filter(
        Q(channel_code="") | Q(channel_code=channel_code),
        Q(product_code="") | Q(product_code=product_code),
        Q(business_type="") | Q(business_type=business_type),
        enabled=True,
        is_default=False,
    ).prefetch_related("steps")
    best = max(
        fitting,
        key=lambda s: (bool(s.product_code), bool(s.channel_code), bool(s.business_type)),
        default=None,
    )
    if best is not None:
        return best
    return Script.objects.filter(is_default=True, enabled=True).prefetch_related("steps").first()


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put the case's values into `{名称}` places; an unknown place stays as it is written."""
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text
