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


FINAL = (Stage.STORED, Stage.EMPTY)
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
    MANIFEST = "manifest", _("完整性清单")
