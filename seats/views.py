"""Logging out, which a seat that is signed in may not (WB-1)."""

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.selectors import request_actor
from accounts.sessions import user_group
from audit import services as audit
from common.push import push

from .errors import StillSignedIn
from .selectors import is_signed_in, seat_of


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    user = request.user
    if isinstance(user, User):
        seat = seat_of(user)
        if seat is not None and is_signed_in(seat.pk):
            return render(
                request,
                "ui/refused.html",
                {"text": StillSignedIn().text},
                status=StillSignedIn.status,
            )
        audit.record(
            "user.logged_out",
            actor=request_actor(request),
            object_type="user",
            object_id=user.pk,
        )
    logout(request)
    if isinstance(user, User):
        push(user_group(user.pk), "auth.changed")
    return redirect("login")
