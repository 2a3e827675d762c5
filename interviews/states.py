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
    INVITED = "INVITED", _("接入中")
    PRESENT = "PRESENT", _("在场")
    LOST = "LOST", _("断线")
    LEFT = "LEFT", _("已离开")


class ParticipantMove(StrEnum):
    CONNECT = "connect"
    LOSE = "lose"
    LEAVE = "leave"
    INVITE = "invite"


PARTICIPANT_MACHINE = Machine[ParticipantState, ParticipantMove](
    {
        # A place belongs to a person, not to a connection: whoever was lost or has left may return.
        ParticipantMove.CONNECT: (frozenset(ParticipantState), ParticipantState.PRESENT),
        ParticipantMove.LOSE: (frozenset({ParticipantState.PRESENT}), ParticipantState.LOST),
        ParticipantMove.LEAVE: (
            frozenset({ParticipantState.INVITED, ParticipantState.PRESENT, ParticipantState.LOST}),
            ParticipantState.LEFT,
        ),
        ParticipantMove.INVITE: (frozenset({ParticipantState.LEFT}), ParticipantState.INVITED),
    }
)


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


class ParticipantRole(TextChoices):
    SEAT = "seat", _("坐席")
    CUSTOMER = "customer", _("客户")


class TagKind(TextChoices):
    RISK = "risk", _("风险点")
    KEY_POINT = "key_point", _("重点")
    OTHER = "other", _("其他")


class SnapshotKind(TextChoices):
    ID_CARD = "id_card", _("手持身份证")
    PROPERTY = "property", _("手持房产证")
    RISK = "risk", _("风险点")
    OTHER = "other", _("其他")
