"""What goes wrong on the way to the bank's systems."""

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class CreditUnavailable(DomainError):
    code = "credit_unavailable"
    status = 503
    retryable = True
    message = _("信贷系统暂时无法访问，请稍后再试。")


class CaseUnknown(DomainError):
    code = "case_unknown"
    status = 404
    message = _("信贷系统中没有该案件。")
