"""From an upload to something that can be played."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Encoding(models.TextChoices):
    """Of the newest upload; an earlier play-out stays in force until the next is ready."""

    EMPTY = "empty", _("未上传")
    WAITING = "waiting", _("等待转码")
    ENCODING = "encoding", _("转码中")
    READY = "ready", _("可播放")
    FAILED = "failed", _("转码失败")


# What the encoder may say of an upload, and how often another try may help with anything else.
PROBLEMS = {
    "unreadable": _("不是可识别的音视频文件。"),
    "no_media": _("文件中没有画面或声音。"),
    "too_long": _("时长超过 30 分钟。"),
    "too_large": _("画面边长超过 4096 像素。"),
    "broken": _("文件已损坏，无法完整解码。"),
    "crashed": _("转码多次未能完成，请更换文件或联系运维。"),
}
MAX_ATTEMPTS = 3
