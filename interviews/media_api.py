"""The media worker's way in: events and heartbeats, authenticated by the shared token."""

import hmac
import logging
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from pydantic import ValidationError

from common.ranges import Opened, answer
from marketing_media.selectors import play_out
from media_worker.protocol import EventBatch, Heartbeat
from media_worker.services import record_heartbeat

from . import services
from .services.media_events import EventRefused
from .services.playout import item_key

logger = logging.getLogger(__name__)


P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def _worker_only(view: View[P]) -> View[P]:
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        expected = settings.MEDIA_CONTROL_TOKEN
        if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
            return JsonResponse({"code": "unauthorized"}, status=401)
        try:
            return view(request, *args, **kwargs)
        except ValidationError as error:
            return JsonResponse(
                {"code": "bad_message", "detail": error.errors(include_input=False)[:3]},
                status=400,
                json_dumps_params={"default": str},
            )

    return csrf_exempt(guarded)


@_worker_only
@require_POST
def events(request: HttpRequest) -> HttpResponseBase:
    try:
        services.apply_media_events(EventBatch.model_validate_json(request.body).events)
    except EventRefused:
        logger.exception("a media event was refused")
        return JsonResponse({"code": "event_refused"}, status=422)
    return JsonResponse({"ok": True})


@_worker_only
@require_POST
def heartbeat(request: HttpRequest) -> HttpResponseBase:
    record_heartbeat(Heartbeat.model_validate_json(request.body))
    # Not here: while its rooms are moved the worker would wait for the answer, and count as dead.
    services.move_stranded_soon()
    return JsonResponse({"ok": True})


@_worker_only
@require_GET
def item(request: HttpRequest, key: str) -> HttpResponseBase:
    """A prepared item for play-out; the key says which content of it."""
    number = key.partition("-")[0]
    found = play_out(int(number)) if number.isdigit() else None
    if found is None or item_key(found.item_id, found.sha256) != key:
        raise Http404
    opened = Opened(found.path.open("rb"), found.bytes, "video/x-matroska", found.sha256)
    return answer(request, opened)


urlpatterns = [
    path("events", events),
    path("heartbeat", heartbeat),
    path("items/<str:key>", item),
]
