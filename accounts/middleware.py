"""Every request of a person: does the login stand, and is the password still good?"""

from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, resolve_url

from . import sessions
from .models import User

OPEN_WHILE_CHANGING = frozenset({"password", "logout", "login"})


class StandingLoginMiddleware:
    """Ends logins that do not stand; holds back everything but the change of a due password."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return self.get_response(request)
        user = request.user
        if not isinstance(user, User):
            return self.get_response(request)
        why = sessions.ended(request.session, user)
        if why is not None:
            logout(request)
            return _to_login(request, why)
        if not sessions.is_background(request):
            sessions.note_act(request.session)
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: object
    ) -> HttpResponse | None:
        user = request.user
        match = request.resolver_match
        if not isinstance(user, User) or match is None or match.url_name in OPEN_WHILE_CHANGING:
            return None
        if not request.session.get(sessions.DUE):
            return None
        if request.method in {"GET", "HEAD"}:
            return redirect("password")
        return JsonResponse({"code": "password_change_required"}, status=403)


def _to_login(request: HttpRequest, why: sessions.Ended) -> HttpResponse:
    """A page goes to the log-in page and comes back; everything else is told 401."""
    is_page = request.method == "GET" and not sessions.is_background(request)
    if not is_page:
        return JsonResponse({"code": "login_ended", "why": why.value}, status=401)
    query = urlencode({"next": request.get_full_path(), "ended": why.value})
    return redirect(f"{resolve_url(settings.LOGIN_URL)}?{query}")
