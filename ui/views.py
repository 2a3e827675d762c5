"""The first page after logging in, and the pages of refusals."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from accounts.models import User

from .doors import doors_of


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
    context = {"doors": doors, "waiting": waiting, "bank_name": settings.BANK_NAME}
    return render(request, "ui/home.html", context)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "ui/refused.html", {"bank_name": settings.BANK_NAME}, status=403)
