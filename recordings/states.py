"""How far a recording has come. Each stage leaves files or rows behind that prove it. Pure."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Stage(TextChoices):
    RAW = "RAW", _("待处理")
    PROBED = "PROBED", _("已校验")
    COMPOSED = "COMPOSED", _("已合成")
    SEALED = "SEALED", _("已封存")
    STORED = "STORED", _("已入库")
    EMPTY = "EMPTY", _("无录像")
    DELETED = "DELETED", _("到期已删除")


FINAL = (Stage.STORED, Stage.EMPTY, Stage.DELETED)
NEXT = {
    Stage.RAW: Stage.PROBED,
    Stage.PROBED: Stage.COMPOSED,
    Stage.COMPOSED: Stage.SEALED,
    Stage.SEALED: Stage.STORED,
}


class ObjectKind(TextChoices):
    COMPOSED = "composed", _("合成录像")
    TRACK = "track", _("原始音视频")
    SNAPSHOT = "snapshot", _("照片")
    JOURNAL = "journal", _("通话日志")
    RESCUE = "rescue", _("客户端补录")
    MANIFEST = "manifest", _("完整性清单")
    REEL = "reel", _("要点集锦")


class Tier(TextChoices):
    """Where a stored file lies: near, or where room is cheap and reading may be slower (STO-4)."""

    HOT = "hot", _("在线")
    COLD = "cold", _("归档")


class TicketPurpose(TextChoices):
    PLAY = "play", _("回放")
    DOWNLOAD = "download", _("下载")


class RetentionStart(TextChoices):
    """From which event the keeping time counts."""

    CALL_ENDED = "call_ended", _("面谈结束")
    TASK_SETTLED = "task_settled", _("面谈任务有结论")
    CONTRACT_ENDED = "contract_ended", _("合同结束（由信贷系统告知）")
