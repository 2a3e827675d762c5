"""Why an act at the workbench is refused."""

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class TooManyReveals(DomainError):
    """More full numbers in one day than a seat's work needs."""

    code = "too_many_reveals"
    status = 429
    message = _("今日查看完整号码的次数已达上限，请联系坐席主管。")


class InvitedJustNow(DomainError):
    code = "invited_just_now"
    status = 429
    message = _("短信刚刚发出，请在 {seconds} 秒后再试。")
