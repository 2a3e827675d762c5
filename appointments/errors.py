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
