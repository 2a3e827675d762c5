"""Small helpers of the report page."""

from collections.abc import Mapping

from django import template

register = template.Library()


@register.filter
def of(names: Mapping[str, str], code: str) -> str:
    return names.get(code, "")


@register.filter
def unlocalized(number: float) -> str:
    """For an attribute: always with a point."""
    return f"{number:.1f}"
