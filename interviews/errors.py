"""Why a change of an interview is refused."""

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class PartiesMissing(DomainError):
    """通过 asked for while somebody was not interviewed (WB-10, CRD-4). facts: names."""

    code = "parties_missing"
    message = _("以下干系人尚未面谈，不能选择“通过”：{names}")

    @property
    def text(self) -> str:
        return str(self.message).format(names="、".join(self.facts["names"]))


class ConsentMissing(DomainError):
    """Nobody is recorded before agreeing to it."""

    code = "consent_missing"
    status = 403
    message = _("请先阅读并同意录音录像告知书。")


class RoomFull(DomainError):
    """SDK-2: eight parties and one seat."""

    code = "room_full"
    message = _("本次面谈人数已满（最多 8 位客户），请在预约时段内稍后再次呼入。")


class CallOver(DomainError):
    code = "call_over"
    message = _("本次通话已结束。")


class TaskClosed(DomainError):
    """The task is settled or superseded: its calls and verdict can no longer change it."""

    code = "task_closed"
    message = _("该面谈任务已结束或已重新生成，请刷新后查看。")


class SeatBusy(DomainError):
    code = "seat_busy"
    message = _("坐席正在通话中。")


class NotConnected(DomainError):
    code = "not_connected"
    message = _("对方画面尚未接通，请稍后再试。")
    retryable = True


class ReasonRequired(DomainError):
    code = "reason_required"
    status = 400
    message = _("请填写原因。")
