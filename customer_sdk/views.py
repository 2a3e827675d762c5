"""The H5 page on which a customer is interviewed. It knows nobody: the ticket is in the fragment."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@require_safe
@never_cache
def call_page(request: HttpRequest) -> HttpResponse:
    """The shell of all steps; the script fills it from the SDK."""
    return _page(request, "customer_sdk/call.html")


@require_safe
@never_cache
def check_page(request: HttpRequest) -> HttpResponse:
    """The check of the device, days before the interview; the link is a ticket of its own kind."""
    return _page(request, "customer_sdk/check.html")


def _page(request: HttpRequest, template: str) -> HttpResponse:
    page = render(request, template, {"bank": settings.BANK_NAME})
    page.headers["Permissions-Policy"] = (
        "camera=(self), microphone=(self), geolocation=(self), display-capture=()"
    )
    page.headers["Referrer-Policy"] = "no-referrer"
    return page
