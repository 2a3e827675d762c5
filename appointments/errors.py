"""Why a booking is refused."""

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class SlotTaken(DomainError):
    """Somebody was faster; facts.next holds the next free starts (ISO 8601)."""

    code = "slot_taken"
    message = _("该时段已被预约，请选择其他时段。")


class SlotClosed(DomainError):
    code = "slot_closed"
    message = _("该时段不在坐席工作时间内，或超出可预约范围（1 个月内）。")


class PersonBusy(DomainError):
    """CRD-2: nobody gets two interviews at the same time."""

    code = "person_busy"
    message = _("有干系人在该时段已有其他面谈安排。")


class MoveNotAllowed(DomainError):
    code = "move_not_allowed"
    message = _("当前不能改约：预约时段内不可改约，或改约次数已用完。")


class NoShowLimit(DomainError):
    """The customer stayed away too often to choose again alone (parameter no_show_limit)."""

    code = "no_show_limit"
    message = _("多次未按预约时间面谈，请联系您的客户经理重新预约。")


class NotReassignable(DomainError):
    code = "not_reassignable"
    message = _("该预约已结束或正在通话，不能再分配。")


class SeatNotFree(DomainError):
    """SEAT-5: only to enabled seats that work and are free in that slot."""

    code = "seat_not_free"
    message = _("所选坐席在该时段已约、未排班或已停用。")


class PreviewStale(DomainError):
    """SEAT-3: what would change is no longer what the supervisor was shown."""

    code = "preview_stale"
    message = _("内容或预约在预览后有变动，尚未应用。请核对新的预览再确定。")
