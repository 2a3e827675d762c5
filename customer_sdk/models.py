"""Entry tickets and call tokens. Only SHA-256 of a secret is stored."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Purpose(models.TextChoices):
    CALL = "call", _("面谈")
    CHECK = "check", _("设备预检")


class EntryTicket(models.Model):
    """入口凭证: given by a partner's server to its app for one party.

    For a call it works once, for minutes. For a check of the device it works until the slot begins,
    as often as somebody tries, and opens nothing else.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    secret_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    task = models.ForeignKey("interviews.InterviewTask", on_delete=models.CASCADE)
    party = models.ForeignKey("interviews.Party", on_delete=models.CASCADE)
    purpose = models.CharField(
        _("用途"), max_length=6, choices=Purpose.choices, default=Purpose.CALL
    )
    channel_code = models.CharField(_("渠道代码"), max_length=40)
    issued_to = models.CharField(_("签发对象"), max_length=60)
    created_at = models.DateTimeField(_("签发时间"), default=timezone.now)
    expires_at = models.DateTimeField(_("失效时间"))
    used_at = models.DateTimeField(_("使用时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("入口凭证")
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="ticket_expires_later"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)


class CallToken(models.Model):
    """会话令牌: an admitted party of one task, within one slot; opens REST and socket."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    secret_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    ticket = models.ForeignKey(EntryTicket, on_delete=models.CASCADE)
    purpose = models.CharField(
        _("用途"), max_length=6, choices=Purpose.choices, default=Purpose.CALL
    )
    task = models.ForeignKey("interviews.InterviewTask", on_delete=models.CASCADE)
    party = models.ForeignKey("interviews.Party", on_delete=models.CASCADE)
    channel_code = models.CharField(_("渠道代码"), max_length=40)
    # The slot the token was given for; empty for a walk-in. A moved appointment is another one.
    appointment_id = models.BigIntegerField(_("预约"), null=True, blank=True)
    attempt_id = models.UUIDField(_("准入记录"))
    business_type = models.CharField(_("业务种类"), max_length=40, blank=True)
    latitude = models.DecimalField(_("纬度"), max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(
        _("经度"), max_digits=9, decimal_places=6, null=True, blank=True
    )
    request_id = models.UUIDField(_("呼叫"), null=True, blank=True)
    participant_id = models.UUIDField(_("通话位置"), null=True, blank=True)
    created_at = models.DateTimeField(_("签发时间"), default=timezone.now)
    expires_at = models.DateTimeField(_("失效时间"))
    revoked_at = models.DateTimeField(_("撤销时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("会话令牌")
        indexes = [models.Index(fields=["party", "-created_at"])]

    def __str__(self) -> str:
        return str(self.pk)


class CallRating(models.Model):
    """满意度: one tap of one party on one call, which may be changed while the page is open."""

    participant_id = models.UUIDField(_("通话位置"), primary_key=True)
    call = models.ForeignKey("interviews.Call", on_delete=models.CASCADE, related_name="ratings")
    stars = models.PositiveSmallIntegerField(_("星级"))
    created_at = models.DateTimeField(_("时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("满意度评价")
        constraints = [
            models.CheckConstraint(condition=Q(stars__gte=1, stars__lte=5), name="rating_1_to_5")
        ]

    def __str__(self) -> str:
        return f"{self.call_id} {self.stars}"
