"""States of a task, a call and a participant, and the moves between them. Pure."""

from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from common.states import Machine


class TaskState(TextChoices):
    """The three states the credit system knows (CRD-1)."""

    PENDING = "PENDING", _("待面谈")
    PASSED = "PASSED", _("已面谈（待提交面签）")
    REJECTED = "REJECTED", _("已面谈（面谈拒绝）")


class TaskMove(StrEnum):
    PASS = "pass"  # noqa: S105 - 通过, not a password
    REJECT = "reject"


TASK_MACHINE = Machine[TaskState, TaskMove](
    {
        TaskMove.PASS: (frozenset({TaskState.PENDING}), TaskState.PASSED),
        TaskMove.REJECT: (frozenset({TaskState.PENDING}), TaskState.REJECTED),
    }
)


class CallState(TextChoices):
    CONNECTING = "CONNECTING", _("连接中")
    PREROLL = "PREROLL", _("播放风险提示")
    LIVE = "LIVE", _("通话中")
    ENDED = "ENDED", _("已结束")
    FILED = "FILED", _("已归档")


class CallMove(StrEnum):
    PREROLL = "preroll"
    GO_LIVE = "go_live"
    END = "end"
    FILE = "file"


CALL_MACHINE = Machine[CallState, CallMove](
    {
        CallMove.PREROLL: (frozenset({CallState.CONNECTING}), CallState.PREROLL),
        CallMove.GO_LIVE: (
            frozenset({CallState.CONNECTING, CallState.PREROLL}),
            CallState.LIVE,
        ),
        CallMove.END: (
            frozenset({CallState.CONNECTING, CallState.PREROLL, CallState.LIVE}),
            CallState.ENDED,
        ),
        CallMove.FILE: (frozenset({CallState.ENDED}), CallState.FILED),
    }
)
RUNNING = (CallState.CONNECTING, CallState.PREROLL, CallState.LIVE)


class ParticipantState(TextChoices):
    KNOCKING = "KNOCKING", _("等候准入")
    INVITED = "INVITED", _("接入中")
    PRESENT = "PRESENT", _("在场")
    LOST = "LOST", _("断线")
    LEFT = "LEFT", _("已离开")


# Nobody is connected, and the place has a deadline.
AWAITED = (ParticipantState.KNOCKING, ParticipantState.INVITED, ParticipantState.LOST)


class ParticipantMove(StrEnum):
    ADMIT = "admit"
    CONNECT = "connect"
    LOSE = "lose"
    LEAVE = "leave"
    INVITE = "invite"
    KNOCK = "knock"


PARTICIPANT_MACHINE = Machine[ParticipantState, ParticipantMove](
    {
        ParticipantMove.ADMIT: (frozenset({ParticipantState.KNOCKING}), ParticipantState.INVITED),
        # A place belongs to a person, not to a connection: whoever was lost or has left may return.
        ParticipantMove.CONNECT: (
            frozenset(ParticipantState) - {ParticipantState.KNOCKING},
            ParticipantState.PRESENT,
        ),
        ParticipantMove.LOSE: (frozenset({ParticipantState.PRESENT}), ParticipantState.LOST),
        ParticipantMove.LEAVE: (
            frozenset(ParticipantState) - {ParticipantState.LEFT},
            ParticipantState.LEFT,
        ),
        ParticipantMove.INVITE: (frozenset({ParticipantState.LEFT}), ParticipantState.INVITED),
        ParticipantMove.KNOCK: (frozenset({ParticipantState.LEFT}), ParticipantState.KNOCKING),
    }
)


class PlayState(TextChoices):
    """Of one play-out of a prepared item."""

    PLAYING = "PLAYING", _("播放中")
    PAUSED = "PAUSED", _("已暂停")
    ENDED = "ENDED", _("已播完")
    STOPPED = "STOPPED", _("已停止")


LIVE_PLAY = (PlayState.PLAYING, PlayState.PAUSED)


class Verdict(TextChoices):
    PASS = "PASS", _("通过")
    DOUBT = "DOUBT", _("存疑")
    PARTIAL = "PARTIAL", _("部分完成")


class PartyRole(TextChoices):
    PRIMARY_BORROWER = "PRIMARY_BORROWER", _("主借人")
    CO_BORROWER = "CO_BORROWER", _("共借人")
    CO_OWNER = "CO_OWNER", _("共有人")
    SPOUSE = "SPOUSE", _("配偶")
    GUARANTOR = "GUARANTOR", _("保证人")


class CustomerType(TextChoices):
    """What the credit system says of the borrower (DSP-1)."""

    ORDINARY = "ordinary", _("普通")
    GOOD = "good", _("优质")
    VIP = "vip", _("VIP")
    WHITELIST = "whitelist", _("白名单")


class ParticipantRole(TextChoices):
    SEAT = "seat", _("坐席")
    CUSTOMER = "customer", _("客户")
    SUPERVISOR = "supervisor", _("坐席主管")


class TagKind(TextChoices):
    RISK = "risk", _("风险点")
    KEY_POINT = "key_point", _("重点")
    OTHER = "other", _("其他")
    IDENTITY = "identity", _("身份疑点")
    PURPOSE = "purpose", _("用途疑点")
    INCOME = "income", _("收入疑点")
    PROPERTY = "property", _("房产疑点")
    PROMPTED = "prompted", _("旁人提示")
    DISSENT = "dissent", _("客户异议")


# Tags by which a seat says that something may be wrong.
RISK_TAGS = frozenset(TagKind) - {TagKind.KEY_POINT, TagKind.OTHER}


class SnapshotKind(TextChoices):
    ID_CARD = "id_card", _("手持身份证")
    PROPERTY = "property", _("手持房产证")
    RISK = "risk", _("风险点")
    OTHER = "other", _("其他")


class StillState(TextChoices):
    ASKED = "ASKED", _("等待客户拍摄")
    DONE = "DONE", _("已收到")
    FAILED = "FAILED", _("未能拍摄")


class RecordingAlarm(TextChoices):
    """What the seat's lamp of the recording shows (static/js/workbench/proof-findings.js)."""

    UNHEARD = "unheard", _("录制状态中断")
    STOPPED = "stopped", _("录像停止写入")
    DISK = "disk", _("磁盘已满，仅录音")
    STALLED = "stalled", _("写入停顿")
    MISSING = "missing", _("缺少音轨或视轨")
    SILENT = "silent", _("没有收到声音")
    DARK = "dark", _("没有收到画面")
