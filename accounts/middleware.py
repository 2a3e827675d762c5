"""Every request of a person: does the login stand, is the password still good, is it still the person?"""

from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, resolve_url
from django.utils.translation import gettext

from audit import services as audit

from . import proof_views, sessions
from .models import User
from .selectors import asked_once, request_actor
from .sensitive import is_sensitive
from .views import locked_out

OPEN_WHILE_CHANGING = frozenset({"password", "logout", "login"})
OPEN_WHILE_LOCKED = frozenset({"again", "idle", "logout", "login"})


class StandingLoginMiddleware:
    """Ends logins that do not stand; holds back everything but the change of a due password. Until
    the person has shown again who it is, holds back what is sensitive; while locked, everything."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with asked_once():
            return self._answer(request)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return self.get_response(request)
        user = request.user
        if not isinstance(user, User):
            return self.get_response(request)
        why = sessions.ended(request.session, user)
        if why is not None:
            logout(request)
            return _to_login(request, why)
        if sessions.is_locked(request.session, user):
            if sessions.lock(request.session):
                audit.record(
                    "user.page_locked",
                    actor=request_actor(request),
                    object_type="user",
                    object_id=user.pk,
                )
        elif not sessions.is_background(request):
            sessions.note_act(request.session)
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: object
    ) -> HttpResponse | None:
        user = request.user
        match = request.resolver_match
        if not isinstance(user, User) or match is None:
            return None
        if sessions.LOCKED in request.session:
            return None if match.url_name in OPEN_WHILE_LOCKED else _proof_first(request, user)
        if match.url_name in OPEN_WHILE_CHANGING:
            return None
        if request.session.get(sessions.DUE):
            if request.method in {"GET", "HEAD"}:
                return redirect("password")
            return JsonResponse({"code": "password_change_required"}, status=403)
        if is_sensitive(request) and not sessions.is_fresh(request.session):
            return _proof_first(request, user)
        return None


def _proof_first(request: HttpRequest, user: User) -> HttpResponse | None:
    """Who it is has to be shown again (S:A10); None when the form has brought the proof along."""
    if (
        request.headers.get("Sec-Fetch-Dest") == "empty"
        or request.content_type == "application/json"
    ):
        is_locked = sessions.LOCKED in request.session
        code = "locked" if is_locked else "reauth_required"
        text = gettext("页面已锁定，请先解锁。") if is_locked else gettext("请再次验证身份。")
        return JsonResponse({"code": code, "text": text}, status=403)
    if proof_views.is_locked(request, user):
        return locked_out(request)
    if request.method != "POST" or request.FILES:
        # What was chosen on the person's own disk cannot be carried: it is chosen again.
        query = urlencode({"next": request.get_full_path()})
        return redirect(f"{resolve_url('again')}?{query}")
    given = request.POST.get(proof_views.GIVEN)
    if given is not None and proof_views.proves(request, user, given):
        return None
    error = "" if given is None else proof_views.wrong_proof()
    return proof_views.ask_again(request, user, error=error, carry=True)


def _to_login(request: HttpRequest, why: sessions.Ended) -> HttpResponse:
    """A page goes to the log-in page and comes back; everything else is told 401."""
    is_page = request.method == "GET" and not sessions.is_background(request)
    if not is_page:
        return JsonResponse({"code": "login_ended", "why": why.value}, status=401)
    query = urlencode({"next": request.get_full_path(), "ended": why.value})
    return redirect(f"{resolve_url(settings.LOGIN_URL)}?{query}")
