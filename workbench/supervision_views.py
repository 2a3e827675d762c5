"""The page on which a supervisor listens to a call, or joins it."""

from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from accounts.models import User
from common.errors import NotFound

from . import supervision


@login_required
@require_GET
def page(request: HttpRequest, call_id: UUID) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - login_required
    try:
        call = supervision.supervised_call(user, call_id)
    except NotFound as missing:
        raise Http404 from missing
    config = {"iceServers": settings.ICE_SERVERS, "bank": settings.BANK_NAME}
    context = {"call": call, "config": config}
    response = render(request, "workbench/supervision.html", context)
    response["Permissions-Policy"] = "camera=(self), microphone=(self), geolocation=()"
    response["Cache-Control"] = "no-store"
    return response


app_name = "supervision"
urlpatterns = [path("<uuid:call_id>/", page, name="call")]
