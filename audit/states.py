"""States of a check of the log. Pure."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class CheckState(TextChoices):
    QUEUED = "QUEUED", _("等待校验")
    RUNNING = "RUNNING", _("正在校验")
    HOLDS = "HOLDS", _("完整")
    BROKEN = "BROKEN", _("不完整")
    FAILED = "FAILED", _("未能完成")


LIVE_CHECK = (CheckState.QUEUED, CheckState.RUNNING)
EVERY_CHAIN = "*"
