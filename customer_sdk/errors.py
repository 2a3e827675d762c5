"""Why the customer's edge refuses."""

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class TicketRefused(DomainError):
    """Unknown, used or expired: which of them is nobody's business."""

    code = "ticket_refused"
    status = 401
    message = _("入口已失效，请返回 APP 重新进入。")


class SessionRefused(DomainError):
    """No token, an unknown one, an expired or a revoked one."""

    code = "session_refused"
    status = 401
    message = _("会话已失效，请返回 APP 重新进入。")


class OutsideSlot(DomainError):
    """The channel asks for an appointment and now is not its time (SDK-1)."""

    code = "outside_slot"
    message = _("当前不在您的预约时段内，请在预约时段内呼入，或联系客户经理改约。")


class ConsentOutdated(DomainError):
    """Another version of the notice is in force. facts: version."""

    code = "consent_outdated"
    retryable = True
    message = _("告知书已更新，请重新阅读并同意。")


class ServiceUnknown(DomainError):
    """The service type is not open to this channel and product. facts: open."""

    code = "service_unknown"
    status = 400
    message = _("请选择可办理的业务种类。")


class NotInCall(DomainError):
    """Asked for something that only a place in a running call gives."""

    code = "not_in_call"
    retryable = True
    message = _("通话尚未接通，请稍候。")


class TaskUnknown(DomainError):
    """The partner named a task or a party that is not there."""

    code = "task_unknown"
    status = 404
    message = _("没有找到该客户的面谈任务。")


class CheckOnly(DomainError):
    """The ticket was given for a check of the device."""

    code = "check_only"
    status = 403
    message = _("此链接仅用于设备检查，面谈请在预约时段内从 APP 进入。")


class CallNotOver(DomainError):
    """A call is rated when it has ended."""

    code = "call_not_over"
    message = _("面谈结束后才能评价。")


class RescueOff(DomainError):
    """The device's own recording is not switched on here, or the party did not agree to it."""

    code = "rescue_off"
    status = 403
    message = _("未启用客户端补录。")
