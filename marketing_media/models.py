"""营销: prepared audio and video for the customer (MKT-1…3)."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class MediaKind(models.TextChoices):
    RISK_NOTICE = "risk_notice", _("风险提示")
    CAMPAIGN = "campaign", _("营销活动")
    PRODUCT = "product", _("产品介绍")


class MediaItem(models.Model):
    title = models.CharField(_("名称"), max_length=80)
    kind = models.CharField(_("类别"), max_length=12, choices=MediaKind.choices)
    file = models.FileField(_("文件"), upload_to="marketing/", blank=True)
    duration_ms = models.PositiveIntegerField(_("时长（毫秒）"), null=True, blank=True)
    no_skip = models.BooleanField(_("不得跳过或快进"), default=True)
    enabled = models.BooleanField(_("启用"), default=False)
    created_at = models.DateTimeField(_("创建时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("营销素材")
        ordering = ["kind", "title"]

    def __str__(self) -> str:
        return self.title


class ProductMedia(models.Model):
    """What a product plays by itself on connection, and what the seat may start (MKT-2)."""

    product_code = models.CharField(_("产品代码"), max_length=40)
    item = models.ForeignKey(MediaItem, verbose_name=_("素材"), on_delete=models.CASCADE)
    auto_play = models.BooleanField(_("接通后自动播放"), default=False)
    order = models.PositiveIntegerField(_("顺序"), default=1)

    class Meta:
        verbose_name = verbose_name_plural = _("产品素材")
        ordering = ["product_code", "order"]
        constraints = [
            models.UniqueConstraint(fields=["product_code", "item"], name="product_media_once")
        ]

    def __str__(self) -> str:
        return f"{self.product_code} {self.item_id}"
