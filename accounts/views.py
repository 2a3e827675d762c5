"""Logging in with staff number and password (WB-1), and out."""

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from audit import services as audit

from .models import User
from .selectors import actor_of


class LoginForm(AuthenticationForm):
    username = forms.CharField(
        label=_("工号"), max_length=20, widget=forms.TextInput(attrs={"autofocus": True})
    )
    password = forms.CharField(
        label=_("密码"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    error_messages = {
        "invalid_login": _("工号或密码不正确。"),
        "inactive": _("该用户已停用。"),
    }


class Login(LoginView):
    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True
    extra_context = {"bank_name": settings.BANK_NAME}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        user = form.get_user()
        assert isinstance(user, User)  # noqa: S101 - our user model
        audit.record(
            "user.logged_in",
            actor=actor_of(user, self.request.META.get("REMOTE_ADDR", "")),
            object_type="user",
            object_id=user.pk,
        )
        return response
