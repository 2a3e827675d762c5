"""Uploads in parts, and the files behind the pages of 营销管理."""

import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from accounts.selectors import may, request_actor
from common.errors import DomainError, NotFound
from common.problems import MEDIA_TYPE, problem_body
from common.ranges import Opened, answer

from . import services
from .models import MediaItem
from .services.uploads import CHUNK_BYTES

VIEW, MANAGE = "media.view", "media.manage"
View = Callable[..., HttpResponseBase]


def _open_to(*operations: str) -> Callable[[View], View]:
    """Any of these operations; for others the address does not exist."""

    def decorate(view: View) -> View:
        @wraps(view)
        def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not any(may(request.user, operation) for operation in operations):
                raise Http404
            try:
                return view(request, *args, **kwargs)
            except DomainError as refusal:
                return JsonResponse(
                    problem_body(refusal), status=refusal.status, content_type=MEDIA_TYPE
                )

        return asked

    return decorate


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - may() lets only users in
    return request.user


@require_POST
@_open_to(MANAGE)
def begin(request: HttpRequest, item_id: int) -> HttpResponseBase:
    """{name, size, fingerprint} → {id, received, chunk_bytes}: go on at `received`."""
    try:
        asked: dict[str, Any] = json.loads(request.body)
        name, size = str(asked["name"]), int(asked["size"])
        fingerprint = str(asked["fingerprint"])
    except (ValueError, KeyError, TypeError):
        return JsonResponse({"code": "invalid"}, status=400)
    upload = services.begin_upload(
        item_id, user_id=_user(request).pk, name=name, size=size, fingerprint=fingerprint
    )
    return JsonResponse(
        {"id": str(upload.pk), "received": upload.received, "chunk_bytes": CHUNK_BYTES}
    )


@require_http_methods(["PUT", "DELETE"])
@_open_to(MANAGE)
def upload(request: HttpRequest, upload_id: UUID) -> HttpResponseBase:
    """PUT a part with its `Upload-Offset`; DELETE gives up."""
    user = _user(request)
    if request.method == "DELETE":
        services.give_up_upload(upload_id, user_id=user.pk)
        return JsonResponse({})
    offset = request.headers.get("Upload-Offset", "")
    if not offset.isdecimal() or len(request.body) > CHUNK_BYTES:
        return JsonResponse({"code": "invalid"}, status=400)
    actor = request_actor(request)
    left = services.take_chunk(upload_id, offset=int(offset), chunk=request.body, actor=actor)
    if left is None:
        return JsonResponse({"done": True})
    return JsonResponse({"done": False, "received": left.received})


@require_GET
@_open_to(VIEW, MANAGE)
def state(request: HttpRequest, item_id: int) -> HttpResponseBase:
    item = _item(item_id)
    return JsonResponse(
        {
            "encoding": item.encoding,
            "label": item.get_encoding_display(),
            "progress": item.progress,
            "problem": item.problem_text,
            "playable": item.is_playable,
        }
    )


@require_GET
@_open_to(VIEW, MANAGE, "workbench.use")
def preview(request: HttpRequest, item_id: int) -> HttpResponseBase:
    item = _item(item_id)
    return _send(request, item, item.preview_file, "video/mp4" if item.width else "audio/mp4")


@require_GET
@_open_to(VIEW, MANAGE, "workbench.use")
def poster(request: HttpRequest, item_id: int) -> HttpResponseBase:
    item = _item(item_id)
    return _send(request, item, item.poster_file, "image/jpeg")


def _item(item_id: int) -> MediaItem:
    item = MediaItem.objects.filter(pk=item_id).first()
    if item is None:
        raise NotFound
    return item


def _send(request: HttpRequest, item: MediaItem, path: Path, mime: str) -> HttpResponseBase:
    if not item.is_playable or not path.is_file():
        raise NotFound
    opened = Opened(path.open("rb"), path.stat().st_size, mime, f"{item.pk}-{item.play_epoch}")
    response = answer(request, opened)
    response["Content-Disposition"] = content_disposition_header(False, path.name) or "inline"
    return response
