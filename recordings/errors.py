"""Why something about a recording is refused."""

import datetime as dt

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class NotReady(DomainError):
    """The composed copy is not there yet."""

    code = "recording_not_ready"
    message = _("录像正在合成，请稍后再试。")
    retryable = True


class NothingToShow(DomainError):
    """No step of the script was finished in this call."""

    code = "nothing_to_show"
    message = _("这次通话没有完成的话术步骤，无法生成要点集锦。")


class BadSearch(DomainError):
    """A list is not taken out wider than was meant."""

    code = "bad_search"
    status = 422
    message = _("查询条件有误，未导出。请先在列表中更正。")


class TooManySaved(DomainError):
    code = "too_many_saved"
    status = 422
    message = _("常用查询最多 {limit} 个，请先删除不用的。")


class HoldExists(DomainError):
    code = "hold_exists"
    message = _("该合同已在法定保留中。")


class EndUnfit(DomainError):
    """A contract is over neither before its last interview nor in days to come."""

    code = "contract_end_unfit"
    status = 422
    message = _("合同结束日应在 {earliest} 至 {latest} 之间。")


class RuleChanged(DomainError):
    code = "retention_rule_changed"
    message = _("该保管期限在提交后已被他人修改，请退回后重新提交。")


class ShorterWithout(DomainError):
    code = "retention_shorter_without"
    message = _("删除后，{product} 会按更短的期限保管。请先修改本规则并由另一人复核。")


class CannotRebuild(DomainError):
    code = "cannot_rebuild"
    message = _("暂不能重建：正在处理、已到期删除，或原始文件不全。")


class NotSealed(DomainError):
    """There is no signed manifest in the store yet."""

    code = "recording_not_sealed"
    message = _("录像尚未封存入库，暂不能导出证据包。")
    retryable = True


class FilesMissing(DomainError):
    code = "recording_files_missing"
    message = _("存储中缺少文件 {name}，不能导出；请先在“录像异常”中处理。")


class RescueClosed(DomainError):
    """Too late: the call is over for longer than a device may send what it kept."""

    code = "rescue_closed"
    message = _("补传期限已过，本机暂存的录像不再需要。")


class RescueUnwanted(DomainError):
    """The server has this stretch itself, or has received it."""

    code = "rescue_unwanted"
    message = _("该时段录像完整，无需补传。")


class RescueUnfit(DomainError):
    """facts: reason - too_large, bad_span, wrong_hash, not_a_recording, changed."""

    code = "rescue_unfit"
    status = 400
    message = _("补传的录像片段不符合要求。")


class LeaseLost(Exception):
    """Somebody else works on the recording now; what this one has done is thrown away."""


class StepFailed(Exception):
    """A stage could not be finished this time; it is tried again later. No personal data in it."""


class NotDueYet(Exception):
    """A stage has to wait for a person; nothing failed."""

    def __init__(self, until: dt.datetime) -> None:
        super().__init__()
        self.until = until


class WorkFailed(StepFailed):
    """Our own process died, hung or said nothing over these files: they may never be worked through."""


class NobodyThere(DomainError):
    code = "nobody_there"
    message = _("没有启用的用户 {staff_no}。")


class SeesItAnyway(DomainError):
    code = "sees_it_anyway"
    message = _("此人按角色与数据范围已可查看，无需共享。")
