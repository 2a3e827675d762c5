"""质检: the review of a doubtful call (QC-1, QC-2)."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .states import ReviewState


class QcReview(models.Model):
    call = models.OneToOneField(
        "interviews.Call",
        verbose_name=_("通话"),
        on_delete=models.PROTECT,
        related_name="qc_review",
    )
    state = models.CharField(
        _("状态"), max_length=10, choices=ReviewState.choices, default=ReviewState.OPEN
    )
    doubt = models.CharField(_("存疑说明"), max_length=500, blank=True)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("复核岗"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
    )
    reasons = ArrayField(
        models.CharField(max_length=120), verbose_name=_("拒件原因"), default=list, blank=True
    )
    note = models.CharField(_("复核意见"), max_length=500, blank=True)
    opened_at = models.DateTimeField(_("进入质检时间"), default=timezone.now)
    decided_at = models.DateTimeField(_("结论时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("质检复核")
        ordering = ["opened_at"]

    def __str__(self) -> str:
        return f"{self.call_id} {self.state}"
