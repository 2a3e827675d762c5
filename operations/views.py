"""Health for load balancers and the supervisor. Both pages tell nothing a stranger could use."""

from dataclasses import asdict

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from .checks import findings, is_ready


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """This process lives. Asks nobody, so that a lost database does not restart every web."""
    return JsonResponse({"ok": True})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """May this process get traffic: 200 or 503, with every check."""
    found = findings()
    ready = is_ready(found)
    body = {"ok": ready, "checks": {name: asdict(finding) for name, finding in found.items()}}
    response = JsonResponse(
        body, status=200 if ready else 503, json_dumps_params={"ensure_ascii": False}
    )
    # Not ready is an answer here, not an incident: Django would log every poll as an error.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
