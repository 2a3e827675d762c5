"""The workbench page and the case data beside a call. Only the seat's own call exists here."""

from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.selectors import may, request_actor
from common.errors import DomainError, NotFound
from interviews.models import Call
from interviews.policy import video_limits
from parameters.selectors import value_of
from seats.models import Seat
from seats.selectors import seat_of

from . import selectors, services


def _seat(request: HttpRequest) -> tuple[User, Seat]:
    user = request.user
    if not isinstance(user, User) or not may(user, "workbench.use"):
        raise PermissionDenied
    seat = seat_of(user)
    if seat is None:
        raise PermissionDenied
    return user, seat


def _own_call(request: HttpRequest, call_id: UUID) -> tuple[User, Call]:
    user, _ = _seat(request)
    try:
        return user, selectors.own_call(user, call_id)
    except NotFound as missing:
        raise Http404 from missing


@login_required
@require_GET
def workbench(request: HttpRequest) -> HttpResponse:
    _, seat = _seat(request)
    response = render(
        request,
        "workbench/workbench.html",
        {
            "seat": seat,
            "bank_name": settings.BANK_NAME,
            "config": {
                "iceServers": settings.ICE_SERVERS,
                "bank": settings.BANK_NAME,
                "offerSeconds": value_of("offer_s"),
                "reconnectSeconds": value_of("reconnect_window_s"),
            },
        },
    )
    response["Permissions-Policy"] = (
        "camera=(self), microphone=(self), display-capture=(self), geolocation=()"
    )
    response["Cache-Control"] = "no-store"
    return response


@login_required
@require_GET
def case(request: HttpRequest, call_id: UUID) -> JsonResponse:
    user, call = _own_call(request, call_id)
    view = selectors.case_view(call.task) | {
        "remote_slots": selectors.remote_slots(call),
        "video": video_limits(call.task, staff_no=user.staff_no),
    }
    for image in view["images"]:
        image["url"] = reverse("credit_bridge:image", args=[call.pk, image["id"]])
    return JsonResponse(view, headers={"Cache-Control": "no-store"})


@login_required
@require_GET
def ahead(request: HttpRequest, task_id: UUID) -> JsonResponse:
    """The case before the call, to be read only; that it was read is kept (WB-20)."""
    _, seat = _seat(request)
    try:
        task = selectors.case_ahead(seat, task_id)
    except NotFound as missing:
        raise Http404 from missing
    view = selectors.ahead_view(task)
    services.note_read_ahead(task, actor=request_actor(request))
    return JsonResponse(view, headers={"Cache-Control": "no-store"})


@login_required
@require_POST
def reveal(request: HttpRequest, call_id: UUID) -> JsonResponse:
    """One masked number in full, for a reason: {"value"} (NFR-3)."""
    user, call = _own_call(request, call_id)
    if not may(user, "workbench.reveal"):
        raise PermissionDenied
    try:
        value = services.reveal(
            call,
            party=request.POST.get("party", ""),
            field=request.POST.get("field", ""),
            reason=request.POST.get("reason", ""),
            actor=request_actor(request),
        )
    except DomainError as refusal:
        return JsonResponse({"code": refusal.code, "text": refusal.text}, status=refusal.status)
    return JsonResponse({"value": value}, headers={"Cache-Control": "no-store"})
