"""Recordings: what became of a call's folder, and where its files are kept (STO-1)."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .states import FINAL, ObjectKind, Stage


class Recording(models.Model):
    """One per call. The row is the job: stage, lease and epoch; a task only wakes it up.

    Whoever works on it holds the lease and writes its results only while `epoch` is still its own.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.OneToOneField(
        "interviews.Call",
        verbose_name=_("通话"),
        on_delete=models.PROTECT,
        related_name="recording",
    )
    stage = models.CharField(_("阶段"), max_length=10, choices=Stage.choices, default=Stage.RAW)
    day = models.DateField(_("采集日期"))
    serial = models.PositiveIntegerField(_("流水号"))
    download_name = models.CharField(_("文件名"), max_length=160)

    epoch = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(_("占用至"), null=True, blank=True)
    due_at = models.DateTimeField(_("下次处理"), default=timezone.now)
    attempts = models.PositiveIntegerField(_("失败次数"), default=0)
    error = models.CharField(_("最近错误"), max_length=200, blank=True)
    progress = models.FloatField(_("合成进度"), default=0.0)

    # Of the composed copy; `file` is relative to the call's folder until it is in the store.
    file = models.CharField(_("合成文件"), max_length=200, blank=True)
    storage_key = models.CharField(_("存储键"), max_length=80, blank=True)
    bytes = models.PositiveBigIntegerField(_("大小（字节）"), default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    duration_ms = models.PositiveBigIntegerField(_("时长（毫秒）"), default=0)
    width = models.PositiveIntegerField(_("宽"), default=0)
    height = models.PositiveIntegerField(_("高"), default=0)
    damaged = models.JSONField(_("受损文件"), default=list, blank=True)
    gaps = models.JSONField(_("画面中断"), default=list, blank=True)
    manifest = models.CharField(_("清单文件"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("创建时间"), default=timezone.now)
    stored_at = models.DateTimeField(_("入库时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("面谈录像")
        constraints = [
            models.UniqueConstraint(fields=["day", "serial"], name="recording_serial_of_day"),
            models.CheckConstraint(
                condition=Q(stage__in=Stage.values), name="recording_stage_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="recording_due", condition=~Q(stage__in=list(FINAL))
            )
        ]

    def __str__(self) -> str:
        return self.download_name

    @property
    def is_playable(self) -> bool:
        """Whether the composed copy can be opened."""
        return bool(self.file)


class RecordingTrack(models.Model):
    """One raw file as probed: what is really in it, beside what the journal says."""

    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="tracks")
    participant_id = models.CharField(_("参与人"), max_length=64)
    leg_no = models.PositiveIntegerField(_("第几次连接"))
    kind = models.CharField(_("类别"), max_length=5)
    file = models.CharField(_("文件"), max_length=200)
    codec = models.CharField(_("编码"), max_length=20)
    start_ms = models.BigIntegerField(_("开始（毫秒）"))
    end_ms = models.BigIntegerField(_("结束（毫秒）"))
    bytes = models.PositiveBigIntegerField(_("大小（字节）"))
    sha256 = models.CharField(max_length=64)
    damage = models.CharField(_("受损情况"), max_length=120, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("原始音视频")
        constraints = [
            models.UniqueConstraint(fields=["recording", "file"], name="recording_track_once")
        ]

    def __str__(self) -> str:
        return self.file


class StoredObject(models.Model):
    """One file in the store. The row is there before the bytes, so that nothing is stored twice."""

    recording = models.ForeignKey(
        Recording, on_delete=models.PROTECT, related_name="objects_stored"
    )
    kind = models.CharField(_("类别"), max_length=10, choices=ObjectKind.choices)
    name = models.CharField(_("文件"), max_length=200)
    key = models.CharField(_("存储键"), max_length=80, unique=True)
    bytes = models.PositiveBigIntegerField(_("大小（字节）"))
    sha256 = models.CharField(max_length=64)
    confirmed_at = models.DateTimeField(_("确认时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("存储文件")
        constraints = [
            models.UniqueConstraint(fields=["recording", "name"], name="stored_object_once")
        ]

    def __str__(self) -> str:
        return self.name
