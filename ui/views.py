"""The first page after logging in, and the pages of refusals."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts.models import User
from common.errors import DomainError, Forbidden, NotFound, ServerError
from common.middleware import request_id
from common.problems import MEDIA_TYPE, problem_body

from .doors import doors_of

MOST_WAITING = 999  # nobody waits for the exact number of more
INTERFACES = ("/api/", "/internal/")  # answered in RFC 9457 problem details


@dataclass(frozen=True, slots=True)
class Waiting:
    """One kind of thing that waits for the person, and where it is dealt with."""

    label: str | Promise
    count: int
    url: str
    is_pressing: bool


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """By role: a seat goes straight to the workbench, others see what waits and their modules."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - login_required
    doors = doors_of(user)
    if len(doors) == 1 or (doors and doors[0].operation == "workbench.use" and len(doors) <= 2):
        return redirect(doors[0].url)
    # What waits is known above this layer (settings.HOME_WAITING).
    waiting: list[Waiting] = import_string(settings.HOME_WAITING)(user)
    context = {
        "doors": doors,
        "waiting": waiting,
        "most": MOST_WAITING,
        "bank_name": settings.BANK_NAME,
    }
    return render(request, "ui/home.html", context)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    text = _("页面已过期或来源无法确认，请返回后重试。")
    return render(request, "ui/refused.html", {"text": text}, status=403)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, Forbidden(), _("您没有查看此页面的权限，或该页面不属于您。"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, NotFound(), _("没有找到该页面。"))


def server_error(request: HttpRequest) -> HttpResponse:
    """The id is all that is told of the fault; with it the log's rows are found (S:L3)."""
    fault = ServerError(request_id=request_id.get())
    return _error(request, fault, fault.text, number=request_id.get())


def _error(request: HttpRequest, error: DomainError, text: str, number: str = "") -> HttpResponse:
    if request.path.startswith(INTERFACES):
        return JsonResponse(problem_body(error), status=error.status, content_type=MEDIA_TYPE)
    context = {"heading": error.status, "text": text, "number": number}
    return render(request, "ui/refused.html", context, status=error.status)
