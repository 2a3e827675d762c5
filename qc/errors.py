"""Why a review is refused."""

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class OwnCase(DomainError):
    """The reviewer is never the seat."""

    code = "own_case"
    status = 403
    message = _("不能复核本人面谈的案件。")


class NotYours(DomainError):
    code = "review_not_yours"
    status = 403
    message = _("该案件正由其他复核岗处理。")
