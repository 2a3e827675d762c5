"""Why a seat's act is refused."""

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class SeatDisabled(DomainError):
    code = "seat_disabled"
    status = 403
    message = _("坐席已停用，请联系坐席主管。")


class DeviceCheckNeeded(DomainError):
    code = "device_check_needed"
    message = _("请先完成今日设备检测。")


class StillSignedIn(DomainError):
    """WB-1: a seat that is signed in cannot log out."""

    code = "still_signed_in"
    message = _("您当前处于签入状态，请先签出再退出登录。")
