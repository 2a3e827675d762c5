"""营销: prepared audio and video for the customer (MKT-1…3)."""

import uuid
from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .playout import PLAY_FILE, POSTER_FILE, PREVIEW_FILE
from .states import PROBLEMS, Encoding


def media_root() -> Path:
    return Path(settings.STORAGE_DIR) / "marketing"


class MediaKind(models.TextChoices):
    RISK_NOTICE = "risk_notice", _("风险提示")
    CAMPAIGN = "campaign", _("营销活动")
    PRODUCT = "product", _("产品介绍")


class MediaItem(models.Model):
    """`play_epoch` names the folder of the play-out in force; 0 while there is none."""

    title = models.CharField(_("名称"), max_length=80)
    kind = models.CharField(_("类别"), max_length=12, choices=MediaKind.choices)
    duration_ms = models.PositiveIntegerField(_("时长（毫秒）"), null=True, blank=True)
    no_skip = models.BooleanField(_("不得跳过或快进"), default=True)
    enabled = models.BooleanField(_("启用"), default=False)
    created_at = models.DateTimeField(_("创建时间"), default=timezone.now)

    play_epoch = models.PositiveIntegerField(default=0, editable=False)
    play_bytes = models.PositiveBigIntegerField(default=0, editable=False)
    play_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    width = models.PositiveIntegerField(default=0, editable=False)
    height = models.PositiveIntegerField(default=0, editable=False)
    has_audio = models.BooleanField(default=False, editable=False)
    encoded_at = models.DateTimeField(_("转码时间"), null=True, blank=True, editable=False)

    # The newest upload and its job; the row is the job (lease and epoch as in recordings).
    source_name = models.CharField(_("原始文件"), max_length=200, blank=True, editable=False)
    source_bytes = models.PositiveBigIntegerField(default=0, editable=False)
    source_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    encoding = models.CharField(
        _("转码状态"),
        max_length=10,
        choices=Encoding.choices,
        default=Encoding.EMPTY,
        editable=False,
    )
    progress = models.FloatField(default=0, editable=False)
    problem = models.CharField(max_length=20, blank=True, editable=False)
    epoch = models.PositiveIntegerField(default=0, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("营销素材")
        ordering = ["kind", "title"]
        constraints = [
            models.CheckConstraint(
                condition=Q(enabled=False) | Q(play_epoch__gt=0), name="enabled_media_can_be_played"
            ),
            models.CheckConstraint(
                condition=Q(encoding__in=Encoding.values), name="media_encoding_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["lease_until"],
                condition=Q(encoding__in=["waiting", "encoding"]),
                name="media_to_encode",
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def folder(self) -> Path:
        return media_root() / str(self.pk)

    @property
    def source(self) -> Path:
        return self.folder / f"source-{self.source_sha256[:16]}"

    @property
    def _in_force(self) -> Path:
        return self.folder / f"e{self.play_epoch}"

    @property
    def play_file(self) -> Path:
        return self._in_force / PLAY_FILE

    @property
    def preview_file(self) -> Path:
        return self._in_force / PREVIEW_FILE

    @property
    def poster_file(self) -> Path:
        return self._in_force / POSTER_FILE

    @property
    def is_playable(self) -> bool:
        return self.play_epoch > 0

    @property
    def problem_text(self) -> str:
        return str(PROBLEMS.get(self.problem, ""))


class ProductMedia(models.Model):
    """What a product plays by itself on connection, and what the seat may start (MKT-2)."""

    product_code = models.CharField(_("产品代码"), max_length=40)
    item = models.ForeignKey(
        MediaItem, verbose_name=_("素材"), on_delete=models.CASCADE, related_name="products"
    )
    auto_play = models.BooleanField(
        _("接通后自动播放"),
        default=False,
        help_text=_("勾选：接通后先播放，播放完毕坐席接入；不勾选：由坐席手工播放。"),
    )
    order = models.PositiveIntegerField(_("顺序"), default=1)

    class Meta:
        verbose_name = verbose_name_plural = _("产品素材")
        ordering = ["product_code", "order"]
        constraints = [
            models.UniqueConstraint(fields=["product_code", "item"], name="product_media_once")
        ]

    def __str__(self) -> str:
        return f"{self.product_code} {self.item_id}"


class MediaUpload(models.Model):
    """A file on its way in: `received` bytes are on the disk. Gone when whole or given up."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    item = models.ForeignKey(MediaItem, on_delete=models.CASCADE, related_name="uploads")
    # Ground and rosters know people by id: whoever started it goes on with it.
    user_id = models.PositiveBigIntegerField()
    name = models.CharField(max_length=200)
    bytes = models.PositiveBigIntegerField()
    # Of the file as the browser sees it (name, size, time of change): finds what was begun before.
    fingerprint = models.CharField(max_length=64)
    received = models.PositiveBigIntegerField(default=0)
    touched_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["item", "user_id", "fingerprint"], name="media_upload_once"
            ),
            models.CheckConstraint(
                condition=Q(received__lte=models.F("bytes")), name="media_upload_within_size"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def file(self) -> Path:
        return media_root() / "uploads" / f"{self.pk}.part"
