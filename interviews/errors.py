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


class VideoNotAllowed(DomainError):
    """The product's flag forbids the video interview."""

    code = "video_not_allowed"
    status = 403
    message = _("“{product}”不适用视频面谈，请联系您的客户经理。")


class SupervisionFull(DomainError):
    """One supervisor is seen and heard at a time, a few may listen."""

    code = "supervision_full"
    message = _("已有其他主管在本次通话中，请稍后再试。")


class SupervisesItself(DomainError):
    code = "supervises_itself"
    status = 403
    message = _("不能旁听或加入自己的通话。")


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


class NotAdmitted(DomainError):
    """The seat lets each party in; this one has to wait."""

    code = "not_admitted"
    status = 403
    message = _("请稍候，等待坐席同意您进入。")


class ItemUnavailable(DomainError):
    """Not of this product, disabled, or without a prepared file."""

    code = "item_unavailable"
    message = _("该素材不可播放，请刷新后重试。")


class AlreadyPlaying(DomainError):
    code = "already_playing"
    message = _("已有素材正在播放，请先等其播完或停止。")


class NothingPlaying(DomainError):
    code = "nothing_playing"
    message = _("当前没有正在播放的素材。")


class NoSkip(DomainError):
    """MKT-3."""

    code = "no_skip"
    message = _("该素材不得跳过，须播放完毕。")


class RecordingIsAutomatic(DomainError):
    code = "recording_is_automatic"
    message = _("本次通话接通即录制，不能手工开始或停止。")


class CardChanged(DomainError):
    """The card was taken away or replaced, or its text is not the one that was shown."""

    code = "card_changed"
    message = _("内容已更新，请以最新显示为准。")


class CardAnswered(DomainError):
    """Answered otherwise before; the first answer counts."""

    code = "card_answered"
    message = _("您已作出答复。")


class CardUnfit(DomainError):
    """A card has a title and one to eight lines."""

    code = "card_unfit"
    status = 400
    message = _("确认卡须有标题和 1 至 8 行内容。")


class StillUnfit(DomainError):
    """Not the JPEG that was announced, too large, or out of order. facts: reason."""

    code = "still_unfit"
    status = 400
    message = _("照片未能识别，请重新拍摄。")


class StillClosed(DomainError):
    """Nobody asks for this picture any more."""

    code = "still_closed"
    message = _("坐席已不再需要这张照片。")
