"""Why an export is refused."""

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class TooManyLines(DomainError):
    code = "too_many_lines"
    status = 422
    message = _("结果超过 {limit} 行，请缩短时间范围，或由数据平台直接读取只读视图。")
