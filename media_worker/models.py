"""The registry of media workers: who is there, how loaded, where to reach it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class MediaWorker(models.Model):
    """One row per worker id, refreshed by its heartbeat every 2 s."""

    worker_id = models.CharField(_("节点编号"), max_length=64, unique=True)
    control_url = models.CharField(_("控制地址"), max_length=200)
    started_at = models.DateTimeField(_("启动时间"))
    last_heartbeat_at = models.DateTimeField(_("最近心跳"), db_index=True)
    capacity = models.PositiveIntegerField(_("容量（通话数）"))
    calls = models.PositiveIntegerField(_("通话数"), default=0)
    legs = models.PositiveIntegerField(_("连接数"), default=0)
    loop_lag_p99_ms = models.FloatField(_("循环延迟 p99（毫秒）"), default=0)
    draining = models.BooleanField(_("排空中"), default=False)
    disk_free_percent = models.FloatField(_("磁盘剩余（%）"), default=100)
    lagging = models.BooleanField(_("响应迟缓"), default=False)
    holds_another = models.BooleanField(_("可再接一路"), default=True)
    events_set_aside = models.PositiveIntegerField(_("搁置的事件"), default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("媒体节点")
        ordering = ["worker_id"]

    def __str__(self) -> str:
        return self.worker_id
