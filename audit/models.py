"""The operation log (WB-20): append-only, hash-chained per interview and for administration."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .states import LIVE_CHECK, CheckState


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


class ChainCheck(models.Model):
    """One check of a chain, or of every chain ("*"); the row is the job, and stays as its result.

    Results are written while `epoch` is one's own. `broken_seq` None in a broken one: its end is cut.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    chain = models.CharField(_("日志链"), max_length=80)
    # The log knows no people: who asked is written down as it is in an entry.
    asked_by_id = models.CharField(max_length=60)
    asked_by = models.CharField(_("申请人"), max_length=60)
    asked_at = models.DateTimeField(_("申请时间"), default=timezone.now)
    state = models.CharField(
        _("结果"), max_length=8, choices=CheckState.choices, default=CheckState.QUEUED
    )
    entries = models.PositiveBigIntegerField(_("条数"), default=0)
    first_at = models.DateTimeField(_("首条时间"), null=True)
    last_at = models.DateTimeField(_("末条时间"), null=True)
    broken_chain = models.CharField(max_length=80, blank=True)
    broken_seq = models.BigIntegerField(null=True)
    finished_at = models.DateTimeField(_("完成时间"), null=True)
    epoch = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("日志链校验")
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["chain"],
                condition=models.Q(state__in=LIVE_CHECK),
                name="chain_check_one_live",
            )
        ]

    def __str__(self) -> str:
        return f"{self.chain} {self.state}"
