"""Messages written with the change that caused them, delivered afterwards, in order per key."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class MessageState(models.TextChoices):
    PENDING = "pending", _("待投递")
    DONE = "done", _("已投递")
    PARKED = "parked", _("已搁置")
    SKIPPED = "skipped", _("已跳过")


# Nothing more is to be done for these: later messages of the key need not wait.
OVER = (MessageState.DONE, MessageState.SKIPPED)


class OutboxMessage(models.Model):
    """One message for one handler. A later message of the same handler and key waits for it."""

    topic = models.CharField(_("主题"), max_length=60)
    handler = models.CharField(_("处理者"), max_length=120)
    key = models.CharField(_("顺序键"), max_length=80)
    payload = models.JSONField(_("内容"), default=dict)
    state = models.CharField(
        _("状态"), max_length=8, choices=MessageState.choices, default=MessageState.PENDING
    )
    attempts = models.PositiveIntegerField(_("尝试次数"), default=0)
    created_at = models.DateTimeField(_("创建时间"), default=timezone.now)
    due_at = models.DateTimeField(_("下次投递"), default=timezone.now)
    leased_until = models.DateTimeField(_("占用至"), null=True, blank=True)
    done_at = models.DateTimeField(_("完成时间"), null=True, blank=True)
    last_error = models.CharField(_("最近错误"), max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("待发消息")
        indexes = [
            models.Index(fields=["due_at", "id"], name="outbox_due", condition=Q(state="pending")),
            models.Index(
                fields=["handler", "key", "id"],
                name="outbox_order",
                condition=~Q(state__in=["done", "skipped"]),
            ),
            models.Index(fields=["key", "id"], name="outbox_by_key"),
            models.Index(fields=["id"], name="outbox_skipped", condition=Q(state="skipped")),
        ]

    def __str__(self) -> str:
        return f"{self.topic} → {self.handler} #{self.pk}"
