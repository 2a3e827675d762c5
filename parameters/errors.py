"""Refusals of a setting."""

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class SettingRefused(DomainError):
    """facts: reason, the sentence of the first thing that does not fit."""

    code = "setting_refused"
    status = 400
    message = _("{reason}")


class NothingChanged(DomainError):
    code = "nothing_changed"
    message = _("该值已在生效，无需修改。")
