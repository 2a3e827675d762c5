"""What was sealed, by which key, and in which day's tree it stands. Rows are added, never changed."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SigningKey(models.Model):
    """A public key as it came into use; the private one is in the key folder only."""

    kid = models.CharField(_("密钥编号"), max_length=40, primary_key=True)
    number = models.PositiveIntegerField(_("第几把"), unique=True)
    record = models.JSONField(_("公钥记录"))
    valid_from = models.DateTimeField(_("启用时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("签名密钥")
        ordering = ["number"]

    def __str__(self) -> str:
        return self.kid


class Anchor(models.Model):
    """锚定: one signed root over the manifests of a day, linked to the anchor before."""

    number = models.PositiveIntegerField(_("序号"), unique=True)
    day = models.DateField(_("日期"))
    count = models.PositiveIntegerField(_("清单数"))
    root = models.CharField(_("树根"), max_length=64)
    # Canonical JSON with its signature: text, so that its bytes do not depend on PostgreSQL.
    document = models.TextField(_("签名文件"))
    made_at = models.DateTimeField(_("生成时间"))
    # Where the copy in the store is; empty until it is there.
    storage_key = models.CharField(_("存储键"), max_length=80, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("当日锚定")
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"{self.day} {self.root[:16]}"


class Seal(models.Model):
    """封存: one signed manifest. A recording that was made anew has one for each."""

    subject = models.UUIDField(_("录像"))
    manifest_sha256 = models.CharField(_("清单 SHA-256"), max_length=64, unique=True)
    root = models.CharField(_("树根"), max_length=64)
    key = models.ForeignKey(SigningKey, verbose_name=_("密钥"), on_delete=models.PROTECT)
    sealed_at = models.DateTimeField(_("封存时间"))
    anchor = models.ForeignKey(
        Anchor,
        verbose_name=_("当日锚定"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="seals",
    )
    leaf_index = models.PositiveIntegerField(_("叶序号"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("封存")
        constraints = [
            models.UniqueConstraint(fields=["anchor", "leaf_index"], name="seal_leaf_once"),
            models.CheckConstraint(
                condition=models.Q(anchor=None, leaf_index=None)
                | models.Q(anchor__isnull=False, leaf_index__isnull=False),
                name="seal_anchored_with_its_place",
            ),
        ]
        indexes = [
            models.Index(fields=["subject", "-sealed_at"], name="seal_of_subject"),
            models.Index(
                fields=["sealed_at"], name="seal_not_anchored", condition=models.Q(anchor=None)
            ),
        ]

    def __str__(self) -> str:
        return self.manifest_sha256
