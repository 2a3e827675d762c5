"""Who is it: the second step of logging in, the person's second factor, the proof once more."""

from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from audit import services as audit
from common.errors import DomainError

from . import second_factor, sessions
from .models import User
from .selectors import actor_of
from .views import locked_out

BACKEND = "django.contrib.auth.backends.ModelBackend"
GIVEN = "proof"  # the field of a form that holds a password or a code


def _actor(request: HttpRequest, user: User) -> Any:
    return actor_of(user, request.META.get("REMOTE_ADDR", ""))


def is_locked(request: HttpRequest, user: User) -> bool:
    return not AxesProxyHandler.is_allowed(request, {"username": user.staff_no})


def note_failure(request: HttpRequest, user: User, where: str) -> None:
    """Wrong codes and wrong passwords are counted together: five guesses, then the lock (S:A1)."""
    AxesProxyHandler.user_login_failed(where, {"username": user.staff_no}, request)


# --- the second step ------------------------------------------------------------------------


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """After the password: a code; or, for who must have one and has none yet, the enrolment."""
    user = sessions.half_entered(request.session)
    if user is None:
        return redirect("login")
    if is_locked(request, user):
        return locked_out(request)
    if not second_factor.has_one(user):
        return _enrol(request, user, "accounts/enrol.html", forced=True)
    error = ""
    if request.method == "POST":
        if second_factor.prove(user, request.POST.get("code", ""), actor=_actor(request, user)):
            to = _entered(request, user)
            return redirect(to)
        note_failure(request, user, "accounts.second_step")
        error = gettext("验证码不正确，或已经用过。请等待下一个验证码。")
    return render(
        request, "accounts/second.html", {"bank_name": settings.BANK_NAME, "error": error}
    )


def _entered(request: HttpRequest, user: User) -> str:
    """Log in; where to go on."""
    to = str(request.session[sessions.HALF]["to"])
    login(request, user, BACKEND)
    audit.record(
        "user.logged_in",
        actor=_actor(request, user),
        object_type="user",
        object_id=user.pk,
        staff_no=user.staff_no,
        second_factor=True,
    )
    return to


def _enrol(request: HttpRequest, user: User, template: str, *, forced: bool) -> HttpResponse:
    """Begin, scan, confirm. A seed is made by a POST: who only looks changes nothing."""
    context: dict[str, Any] = {
        "bank_name": settings.BANK_NAME,
        "person": user,
        "forced": forced,
        "has_one": second_factor.has_one(user),
        "demanded": second_factor.is_demanded(user),
        "left": second_factor.recovery_codes_left(user),
    }
    what = request.POST.get("what", "")
    if what == "begin":
        second_factor.begin(user)
    if what == "confirm":
        actor = _actor(request, user)
        codes = second_factor.confirm(user, request.POST.get("code", "").strip(), actor=actor)
        if codes is not None:
            to = _entered(request, user) if forced else resolve_url("second_factor")
            return render(request, "accounts/recovery_codes.html", context | _told(codes, to))
        note_failure(request, user, "accounts.enrol")
        context["error"] = gettext("验证码不正确，请确认手机时间准确后重试。")
    if what in {"begin", "confirm"} and (seed := second_factor.pending_seed(user)):
        groups = [seed[at : at + 4] for at in range(0, len(seed), 4)]
        context |= {"picture": second_factor.picture(user, seed), "seed": " ".join(groups)}
    return render(request, template, context)


def _told(codes: list[str], to: str) -> dict[str, Any]:
    return {"codes": codes, "to": to}


# --- the person's own page ------------------------------------------------------------------


@sensitive_post_parameters("code")
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def own_second_factor(request: HttpRequest) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - login_required
    if is_locked(request, user):
        return locked_out(request)
    actor, what = _actor(request, user), request.POST.get("what", "")
    if what == "codes" and second_factor.has_one(user):
        codes = second_factor.renew_recovery_codes(user, actor=actor)
        context = {"bank_name": settings.BANK_NAME, "person": user}
        return render(
            request,
            "accounts/recovery_codes.html",
            context | _told(codes, resolve_url("second_factor")),
        )
    if what == "remove":
        try:
            second_factor.give_up(user, actor=actor)
        except DomainError as refusal:
            return render(request, "ui/refused.html", {"text": refusal.text}, status=refusal.status)
        return redirect("second_factor")
    return _enrol(request, user, "accounts/second_factor.html", forced=False)


# --- the proof once more --------------------------------------------------------------------


def proves(request: HttpRequest, user: User, given: str) -> bool:
    """Whether the password or the code is right; then the login counts as fresh again."""
    right = (
        second_factor.prove(user, given, actor=_actor(request, user))
        if second_factor.looks_like_code(given) and second_factor.has_one(user)
        else user.check_password(given)
    )
    if not right:
        note_failure(request, user, "accounts.again")
        return False
    was_locked = sessions.prove_again(request.session)
    audit.record(
        "user.page_unlocked" if was_locked else "user.proved_again",
        actor=_actor(request, user),
        object_type="user",
        object_id=user.pk,
    )
    return True


@sensitive_post_parameters(GIVEN)
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def again(request: HttpRequest) -> HttpResponse:
    """Password or code once more, then on to `next`; asked by a script, the answer is JSON."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - login_required
    if is_locked(request, user):
        return locked_out(request)
    to = request.POST.get("next") or request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(to, {request.get_host()}, request.is_secure()):
        to = resolve_url("home")
    error = ""
    was_locked = sessions.LOCKED in request.session
    if request.method == "POST":
        right = proves(request, user, request.POST.get(GIVEN, ""))
        if request.headers.get("Sec-Fetch-Dest") == "empty":
            return JsonResponse({"proved": right}, status=200 if right else 403)
        if right and was_locked:
            return redirect(to)
        if right:
            return render(
                request, "accounts/proved.html", {"bank_name": settings.BANK_NAME, "next": to}
            )
        error = wrong_proof()
    return ask_again(request, user, error=error, to=to)


def wrong_proof() -> str:
    return gettext("密码或验证码不正确。")


def ask_again(
    request: HttpRequest, user: User, *, error: str = "", to: str = "", carry: bool = False
) -> HttpResponse:
    """The page that asks. With `carry` it holds what was sent, and sends it again with the proof."""
    carried = [
        (name, value)
        for name, values in request.POST.lists()
        if carry and name not in {GIVEN, "csrfmiddlewaretoken"}
        for value in values
    ]
    context = {
        "bank_name": settings.BANK_NAME,
        "error": error,
        "carried": carried,
        "action": request.get_full_path() if carry else resolve_url("again"),
        "next": "" if carry else to,
        "has_one": second_factor.has_one(user),
        "locked": sessions.LOCKED in request.session,
    }
    response = render(request, "accounts/again.html", context, status=200 if not carry else 403)
    response["Cache-Control"] = "no-store"
    return response
