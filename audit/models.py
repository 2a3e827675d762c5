"""The operation log (WB-20): append-only, hash-chained per interview and for administration."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditEntry(models.Model):
    """One operation. `payload` is canonical JSON text so that its hash does not depend on PostgreSQL."""

    chain = models.CharField(_("链"), max_length=80)
    seq = models.BigIntegerField(_("序号"), default=0)
    at = models.DateTimeField(_("时间"), auto_now_add=True)
    actor_kind = models.CharField(_("操作者类别"), max_length=10)
    actor_id = models.CharField(_("操作者"), max_length=60)
    actor_name = models.CharField(_("工号或系统"), max_length=60, blank=True)
    ip = models.CharField(_("来源地址"), max_length=45, blank=True)
    request_id = models.CharField(_("请求号"), max_length=32, blank=True)
    action = models.CharField(_("操作"), max_length=60)
    object_type = models.CharField(_("对象类别"), max_length=40)
    object_id = models.CharField(_("对象"), max_length=60)
    payload = models.TextField(_("内容"), default="{}")
    # Set by PostgreSQL when the row is appended (migration 0002), like seq and at.
    prev = models.BinaryField(default=b"", editable=False)
    hash = models.BinaryField(default=b"", editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("操作日志")
        indexes = [
            models.Index(fields=["chain", "seq"]),
            models.Index(fields=["object_type", "object_id"]),
            models.Index(fields=["actor_id", "-at"]),
            models.Index(fields=["-at"]),
            models.Index(fields=["action", "-at"]),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type}:{self.object_id}"
