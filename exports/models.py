"""A list, or a package, as a file, made in the background; the row is the job (ACC-1)."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ExportState(models.TextChoices):
    QUEUED = "QUEUED", _("等待生成")
    RUNNING = "RUNNING", _("正在生成")
    DONE = "DONE", _("可下载")
    FAILED = "FAILED", _("失败")
    GONE = "GONE", _("已过期")


LIVE = (ExportState.QUEUED, ExportState.RUNNING)


class ExportForm(models.TextChoices):
    CSV = "csv", "CSV"
    XLSX = "xlsx", "XLSX"
    ZIP = "zip", "ZIP"
    TXT = "txt", "TXT"


# What a list can be; the others are made as a whole (sources.Package).
LISTS = (ExportForm.CSV, ExportForm.XLSX)


class ExportJob(models.Model):
    """Whose it is alone may fetch the file, for a day. Results are written while `epoch` is one's own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    source = models.CharField(max_length=80)
    query = models.CharField(max_length=2000, blank=True)
    form = models.CharField(_("格式"), max_length=4, choices=ExportForm.choices)
    title = models.CharField(_("列表"), max_length=100)
    state = models.CharField(
        _("状态"), max_length=8, choices=ExportState.choices, default=ExportState.QUEUED
    )
    rows_done = models.PositiveIntegerField(_("行数"), default=0)
    bytes = models.PositiveBigIntegerField(_("大小"), default=0)
    error = models.CharField(max_length=120, blank=True)
    epoch = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    requested_at = models.DateTimeField(_("申请时间"), default=timezone.now)
    finished_at = models.DateTimeField(_("完成时间"), null=True)
    expires_at = models.DateTimeField(_("保留至"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("导出文件")
        ordering = ["-requested_at"]
        indexes = [models.Index(fields=["user", "-requested_at"])]

    def __str__(self) -> str:
        return f"{self.title} {self.form}"

    @property
    def file_name(self) -> str:
        return f"{self.id}.{self.form}"
