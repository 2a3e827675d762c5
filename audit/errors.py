"""Refusals of what is asked of the log."""

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class CheckRunning(DomainError):
    code = "check_running"
    message = _("该日志链正在校验，请等结果出来后再申请。")
