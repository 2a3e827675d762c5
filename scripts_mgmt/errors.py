"""Refusals of what is done to scripts."""

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class ScriptEmpty(DomainError):
    code = "script_empty"
    message = _("话术“{title}”没有步骤，不能启用。")


class ScriptTaken(DomainError):
    code = "script_taken"
    message = _("“{other}”的适用范围和生效时间与此相同，不能同时启用。")


class ScriptEnabled(DomainError):
    code = "script_enabled"
    message = _("话术“{title}”处于启用状态，请先停用再删除。")
