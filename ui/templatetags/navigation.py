"""The bar of every page: the modules that are open to the person."""

from typing import Any

from django import template

from accounts.models import User
from accounts.selectors import may
from ui.doors import doors_of

register = template.Library()

# The daily work of an administrator fits beside the name at 1280 pixels; what is set up is in the menu.
IN_THE_BAR = 7


@register.simple_tag(takes_context=True)
def open_doors(context: dict[str, Any]) -> dict[str, Any]:
    """{shown, more: [{url, label, current}], inside: the current one if it is in the menu}.

    In the order of the first page; nothing for who is not logged in.
    """
    request = context.get("request")
    if request is None or not isinstance(request.user, User):
        return {"shown": [], "more": [], "inside": None}
    doors = [door for door in doors_of(request.user) if door.url != "/admin/"]
    here = max((d.url for d in doors if request.path.startswith(_room(d.url))), key=len, default="")
    told = [{"url": d.url, "label": d.label, "current": d.url == here} for d in doors]
    # A menu for a single module would be longer than its name.
    cut = len(told) if len(told) <= IN_THE_BAR + 1 else IN_THE_BAR
    more = told[cut:]
    inside = next((door for door in more if door["current"]), None)
    return {"shown": told[:cut], "more": more, "inside": inside}


@register.simple_tag(takes_context=True)
def watches(context: dict[str, Any]) -> bool:
    """Whether alerts are told to the person."""
    request = context.get("request")
    return request is not None and may(request.user, "dispatch.view")


def _room(url: str) -> str:
    """What lies behind a door: in the back office all lists of its module, elsewhere what is below."""
    parts = url.split("/")
    return "/".join(parts[:3]) + "/" if parts[1] == "admin" else url
