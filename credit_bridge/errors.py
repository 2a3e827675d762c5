"""What goes wrong on the way to the bank's systems."""

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class CreditUnavailable(DomainError):
    code = "credit_unavailable"
    status = 503
    retryable = True
    message = _("信贷系统暂时无法访问，请稍后再试。")


class CircuitOpen(CreditUnavailable):
    """Not even asked: the bank did not answer just now. Nobody's attempt was spent."""

    def __init__(self, retry_in_s: float) -> None:
        super().__init__()
        self.retry_in_s = retry_in_s


class CaseUnknown(DomainError):
    code = "case_unknown"
    status = 404
    message = _("信贷系统中没有该案件。")


class BankRefused(DomainError):
    """The bank's side said no in words of its own; no other try will change it."""

    code = "bank_refused"
    status = 422
    message = _("信贷系统未受理：{reason}")


class NotPassed(DomainError):
    """MM-1: 提交面签 only in state PASSED."""

    code = "not_passed"
    message = _("面谈状态为“已面谈（待提交面签）”后才能提交面签。")


class ProposalUndecided(DomainError):
    code = "proposal_undecided"
    message = _("坐席在面谈中提出了方案修改，请先确认或改回原方案。")


class ProposalGone(DomainError):
    code = "proposal_gone"
    message = _("该方案修改已处理或已被新的修改取代，请刷新后查看。")


class ProposalEmpty(DomainError):
    code = "proposal_empty"
    status = 400
    message = _("没有可提交的修改。")


class ProposalWrong(DomainError):
    """A field that cannot be changed, or a value it cannot hold."""

    code = "proposal_wrong"
    status = 400
    message = _("“{label}”的内容不正确。")


class WrongStep(DomainError):
    code = "wrong_step"
    message = _("案件当前节点不能进行此操作。")


class InProvince(DomainError):
    """MM-1: the video interview is for property outside the province."""

    code = "in_province"
    message = _("房产属地在省内，流程不变，请提交合同信息。")


class AlreadyBooked(DomainError):
    code = "already_booked"
    message = _("该案件已有面谈预约，改约请由主借人在原银在线办理。")


class TaskSettled(DomainError):
    """Only a reverse flow opens the node again (MM-2)."""

    code = "task_settled"
    message = _("该案件已面谈，重新面谈须由信贷系统退回后生成新任务。")


class LoanDisbursed(DomainError):
    code = "loan_disbursed"
    message = _("贷款已发放，不能退回面谈。")


class PrimaryOnly(DomainError):
    """APP-3: the primary borrower moves the time, nobody else."""

    code = "primary_only"
    status = 403
    message = _("仅主借人可以改约。")


class SeatUnknown(DomainError):
    code = "seat_unknown"
    status = 404
    message = _("坐席不存在或未启用。")


class KeyReused(DomainError):
    """The Idempotency-Key came before with another request."""

    code = "key_reused"
    status = 422
    message = _("同一幂等键已用于其他请求。")


class StillRunning(DomainError):
    code = "still_running"
    retryable = True
    message = _("同一请求正在处理，请稍后再试。")
