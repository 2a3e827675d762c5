"""What every page of the stand-in apps does: it speaks through the partner API only.

Whether they are served at all is said once, by `interview_site.urls`.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from common.errors import DomainError

from . import client


def page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page of the demo; what the partner API refuses becomes a sentence on a page of its own."""

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except DomainError as refusal:
            return say(request, "partner_portals/trouble.html", refusal)

    return shown


def say(
    request: HttpRequest, template: str, refusal: DomainError | None = None, **context: Any
) -> HttpResponse:
    """The template, with the sentence of a refusal where there is one."""
    problem = refusal.text if refusal else ""
    return render(
        request,
        template,
        {"bank_name": settings.BANK_NAME, "key": client.new_key(), "problem": problem} | context,
        status=refusal.status if refusal else 200,
    )
