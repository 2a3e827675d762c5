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


class NotSignedIn(DomainError):
    code = "not_signed_in"
    message = _("该坐席未签入，无需签出。")


class SeatHasAppointments(DomainError):
    """SEAT-2: they are moved to other seats first."""

    code = "seat_has_appointments"
    message = _("该坐席有 {count} 个未完成预约，请先转出给其他坐席再停用。")


class SeatSignedIn(DomainError):
    code = "seat_signed_in"
    message = _("该坐席处于签入状态，请先签出再停用。")


class HoursOverlap(DomainError):
    code = "hours_overlap"
    message = _("同一天的工作时间不能重叠，且结束须晚于开始。")


class SeatOpenElsewhere(DomainError):
    """Another page of this seat lives; it has to be taken over on purpose."""

    code = "seat_open_elsewhere"
    message = _("工作台已在另一窗口打开。")


class NothingInHand(DomainError):
    code = "nothing_in_hand"
    message = _("当前没有进行中的面谈，可直接切换状态。")
