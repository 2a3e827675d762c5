"""Refusals of exports."""

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class TooManyExports(DomainError):
    code = "too_many_exports"
    status = 429
    message = _("已有 {most} 个导出正在生成，请稍后再试。")
