"""The media worker's way in: events and heartbeats, authenticated by the shared token."""

import hmac
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from pydantic import ValidationError

from media_worker.protocol import EventBatch, Heartbeat
from media_worker.services import record_heartbeat

from . import services

MAX_BODY_BYTES = 1_000_000


def _worker_only(
    view: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def guarded(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        expected = settings.MEDIA_CONTROL_TOKEN
        if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
            return JsonResponse({"code": "unauthorized"}, status=401)
        try:
            return view(request)
        except ValidationError as error:
            return JsonResponse(
                {"code": "bad_message", "detail": error.errors(include_input=False)[:3]},
                status=400,
                json_dumps_params={"default": str},
            )

    return csrf_exempt(require_POST(guarded))


@_worker_only
def events(request: HttpRequest) -> HttpResponse:
    services.apply_media_events(EventBatch.model_validate_json(request.body).events)
    return JsonResponse({"ok": True})


@_worker_only
def heartbeat(request: HttpRequest) -> HttpResponse:
    record_heartbeat(Heartbeat.model_validate_json(request.body))
    # A worker that came back under its name has lost its rooms: move them now, not at the sweep.
    services.move_stranded_calls()
    return JsonResponse({"ok": True})


urlpatterns = [path("events", events), path("heartbeat", heartbeat)]
