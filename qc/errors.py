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
    message = _("该案件现不由您处理，可能已放回队列或改派。")


class Overtaken(DomainError):
    """Settled by a second interview, superseded, or decided by another review of the same task."""

    code = "review_overtaken"
    status = 409
    message = _("该案件已另行结论（二次面谈、退回重新生成任务或同案的另一次复核），无须再处理。")


class NotAReviewer(DomainError):
    code = "not_a_reviewer"
    status = 400
    message = _("请选择能看到该案件的复核岗。")


class WrongCourse(DomainError):
    """A sampled pass is not rejected, a doubt is not flagged (QC-2)."""

    code = "review_wrong_course"
    status = 409
    message = _("该案件不能做此处理：存疑案件可通过、拒件或退回；抽检案件可通过或记为不合格。")


class BadClip(DomainError):
    code = "clip_unfit"
    status = 400
    message = _("片段须有要点、在通话时长之内且不超过 10 分钟，每件最多 20 段。")


class UnknownReason(DomainError):
    code = "review_unknown_reason"
    status = 400
    message = _("原因须取自列表：拒件用信贷系统的拒件原因，抽检不合格用抽检问题清单。")
