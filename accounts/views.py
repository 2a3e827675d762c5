"""Logging in with staff number and password (WB-1), and changing the password (ACC-2)."""

from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django import forms
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.module_loading import import_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from audit import services as audit
from parameters.selectors import value_of

from . import passwords, second_factor, services, sessions
from .models import User
from .selectors import actor_of

ENDED: dict[str, Any] = {
    sessions.Ended.CHANGED: _("您的账号或密码有变更，请重新登录。"),
    sessions.Ended.ELSEWHERE: _("该工号已在别处登录，此处已退出。"),
    sessions.Ended.GONE: _("请重新登录。"),
    sessions.Ended.OLD: _("登录时间已满，请重新登录。"),
}


class LoginForm(AuthenticationForm):
    username = forms.CharField(
        label=_("工号"), max_length=20, widget=forms.TextInput(attrs={"autofocus": True})
    )
    password = forms.CharField(
        label=_("密码"),
        strip=False,
        max_length=passwords.LONGEST,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    error_messages = {
        "invalid_login": _("工号或密码不正确。"),
        "inactive": _("工号或密码不正确。"),  # who is disabled learns no more than a stranger
    }

    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        if isinstance(user, User) and passwords.initial_is_stale(user):
            raise ValidationError(_("初始密码已过期，请联系管理员重置。"), code="stale")


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class Login(LoginView):
    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "bank_name": settings.BANK_NAME,
            "failures": value_of("lock_failures"),
            "minutes": value_of("lock_min"),
            "ended": ENDED.get(self.request.GET.get("ended", ""), ""),
        }

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user = form.get_user()
        assert isinstance(user, User)  # noqa: S101 - our user model
        if second_factor.has_one(user) or second_factor.is_demanded(user):
            sessions.begin_half(self.request.session, user, to=self.get_success_url())
            return redirect("second_step")
        response = super().form_valid(form)
        audit.record(
            "user.logged_in",
            actor=actor_of(user, self.request.META.get("REMOTE_ADDR", "")),
            object_type="user",
            object_id=user.pk,
            staff_no=user.staff_no,
        )
        return response


def locked_out(request: HttpRequest, *_asked: object) -> HttpResponse:
    """What axes answers while a staff number is locked: the same for known and unknown ones."""
    context = {
        "bank_name": settings.BANK_NAME,
        "minutes": value_of("lock_min"),
        "failures": value_of("lock_failures"),
    }
    return render(request, "accounts/locked.html", context, status=429)


class PasswordForm(forms.Form):
    old = forms.CharField(label=_("原密码"), strip=False, max_length=passwords.LONGEST)
    new = forms.CharField(label=_("新密码"), strip=False)
    again = forms.CharField(label=_("再次输入新密码"), strip=False)

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if "new" in given and given["new"] != given.get("again"):
            raise ValidationError(gettext("两次输入的新密码不一致。"))
        return given


@sensitive_post_parameters("old", "new", "again")
@login_required
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """The person's own choice of a password; wrong old ones count as failed log-ins."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - login_required
    if import_string(settings.SESSION_KEEPER)(user):
        text = gettext("签入或通话中不能修改密码，请先签出或离开通话。")
        return render(request, "ui/refused.html", {"text": text}, status=409)
    form = PasswordForm(user, request.POST or None)
    if form.is_valid():
        answer = _changed(request, user, form)
        if answer is not None:
            return answer
    context = {
        "form": form,
        "bank_name": settings.BANK_NAME,
        "due": bool(request.session.get(sessions.DUE)),
        "least": value_of("password_min"),
        "history": value_of("password_history"),
        "graded": passwords.is_graded(),
    }
    return render(request, "accounts/password.html", context)


def _changed(request: HttpRequest, user: User, form: PasswordForm) -> HttpResponse | None:
    """The way on when the password was changed; None with the form's errors when it was not."""
    credentials = {"username": user.staff_no}
    if not AxesProxyHandler.is_allowed(request, credentials):
        return locked_out(request)
    if not user.check_password(form.cleaned_data["old"]):
        AxesProxyHandler.user_login_failed("accounts.password", credentials, request)
        form.add_error("old", gettext("原密码不正确。"))
        return None
    actor = actor_of(user, request.META.get("REMOTE_ADDR", ""))
    try:
        changed = services.change_password(user.pk, form.cleaned_data["new"], actor=actor)
    except ValidationError as broken:
        form.add_error("new", broken)
        return None
    update_session_auth_hash(request, changed)
    sessions.begin(request.session, changed)
    return redirect("home")


@login_required
@require_http_methods(["GET", "POST"])
def idle(request: HttpRequest) -> JsonResponse:
    """What a page asks before it covers itself; it posts that somebody is working on it.

    {"locked": whether it is, "left_s": seconds until idleness locks, null while nothing does}.
    """
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - login_required
    left_s = sessions.idle_left_s(request.session, user)
    return JsonResponse({"locked": sessions.LOCKED in request.session, "left_s": left_s})


@login_required
@require_http_methods(["POST"])
def columns(request: HttpRequest) -> HttpResponse:
    """Keep which columns of a list the person wants; none stands for all. Back to the list."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - login_required
    services.choose_columns(
        user, request.POST.get("list", "")[:80], request.POST.getlist("column")[:50]
    )
    back = request.POST.get("back", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        return redirect("home")
    return redirect(back)
