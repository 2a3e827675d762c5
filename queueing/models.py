"""The waiting line, offers and dispatch rules (WB-2, DSP-1…3)."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .states import IN_LINE, AlertLevel, AlertMetric, OfferState, RequestState, VersionState


class CallRequest(models.Model):
    """A party in the line. The place is kept through dropped connections and missed offers."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task = models.ForeignKey("interviews.InterviewTask", on_delete=models.PROTECT)
    party = models.ForeignKey("interviews.Party", on_delete=models.PROTECT)
    channel_code = models.CharField(_("渠道代码"), max_length=40, blank=True)
    state = models.CharField(
        _("状态"), max_length=10, choices=RequestState.choices, default=RequestState.WAITING
    )
    priority = models.IntegerField(_("优先级"), default=0)
    arrived_at = models.DateTimeField(_("到达时间"), default=timezone.now)
    # The customer's socket was seen; a request nobody stands behind is abandoned.
    seen_at = models.DateTimeField(_("最近在线"), default=timezone.now)
    call = models.ForeignKey("interviews.Call", null=True, blank=True, on_delete=models.PROTECT)
    closed_at = models.DateTimeField(_("结束时间"), null=True, blank=True)
    trace = models.JSONField(_("分案说明"), default=dict, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("排队请求")
        constraints = [
            models.UniqueConstraint(
                fields=["party"], condition=Q(state__in=IN_LINE), name="request_one_per_party"
            )
        ]
        indexes = [
            models.Index(
                fields=["-priority", "arrived_at"],
                name="request_line",
                condition=Q(state="WAITING"),
            ),
            models.Index(fields=["arrived_at"], name="request_arrived"),
            models.Index(fields=["state", "-arrived_at"], name="request_by_state"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Offer(models.Model):
    """A request rings at one seat until a deadline, which is swept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(CallRequest, on_delete=models.PROTECT, related_name="offers")
    seat = models.ForeignKey("seats.Seat", on_delete=models.PROTECT, related_name="offers")
    state = models.CharField(
        _("状态"), max_length=12, choices=OfferState.choices, default=OfferState.RINGING
    )
    offered_at = models.DateTimeField(_("振铃时间"), default=timezone.now)
    deadline_at = models.DateTimeField(_("应答截止"))
    closed_at = models.DateTimeField(_("结束时间"), null=True, blank=True)
    trace = models.JSONField(_("分案说明"), default=dict, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("呼叫派发")
        constraints = [
            models.UniqueConstraint(
                fields=["seat"], condition=Q(state="RINGING"), name="offer_one_live_per_seat"
            ),
            models.UniqueConstraint(
                fields=["request"], condition=Q(state="RINGING"), name="offer_one_live_per_request"
            ),
        ]
        indexes = [
            models.Index(
                fields=["deadline_at"], name="offer_deadline", condition=Q(state="RINGING")
            ),
            models.Index(fields=["-offered_at"], name="offer_latest"),
            models.Index(fields=["state", "-offered_at"], name="offer_by_state"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class RuleVersion(models.Model):
    """分案规则, one version: written as a draft, then in force until the next. Never edited after."""

    number = models.PositiveIntegerField(_("版本"), unique=True)
    state = models.CharField(
        _("状态"), max_length=10, choices=VersionState.choices, default=VersionState.DRAFT
    )
    # `queueing.rules.Policy` as JSON.
    policy = models.JSONField(_("规则"), default=dict)
    revision = models.PositiveIntegerField(default=1)  # of a draft that two people may write
    note = models.CharField(_("说明"), max_length=200, blank=True)
    written_by = models.CharField(_("编写人"), max_length=60, blank=True)
    created_at = models.DateTimeField(_("创建时间"), default=timezone.now)
    published_by = models.CharField(_("发布人"), max_length=60, blank=True)
    published_at = models.DateTimeField(_("发布时间"), null=True, blank=True)
    retired_at = models.DateTimeField(_("停用时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("分案规则")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="DRAFT"), name="rules_one_draft"
            ),
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="IN_FORCE"), name="rules_one_in_force"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}"


class AlertRule(models.Model):
    """告警规则: a figure, the line it must not cross, for how long, and who is told."""

    metric = models.CharField(_("指标"), max_length=20, choices=AlertMetric.choices)
    # In the metric's unit (`queueing.alerting.METRICS`).
    threshold = models.PositiveIntegerField(_("界限"))
    hold_s = models.PositiveIntegerField(_("持续（秒）"), default=0)
    level = models.CharField(
        _("级别"), max_length=4, choices=AlertLevel.choices, default=AlertLevel.RISK
    )
    # Nobody named: everybody who sees the wallboard.
    roles = models.ManyToManyField("accounts.Role", verbose_name=_("通知角色"), blank=True)
    enabled = models.BooleanField(_("启用"), default=True)
    revision = models.PositiveIntegerField(default=1)  # two people may edit
    changed_by = models.CharField(_("修改人"), max_length=60, blank=True)
    changed_at = models.DateTimeField(_("修改时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("告警规则")
        ordering = ["metric", "pk"]

    def __str__(self) -> str:
        return f"{self.metric} {self.threshold}"


class Alert(models.Model):
    """One crossing of a rule's line, by one subject. Fired once it has lasted long enough."""

    rule = models.ForeignKey(AlertRule, on_delete=models.PROTECT, related_name="alerts")
    subject = models.CharField(max_length=80, blank=True)  # a call, a worker; empty: all together
    staff_no = models.CharField(_("坐席工号"), max_length=20, blank=True)
    level = models.CharField(_("级别"), max_length=4, choices=AlertLevel.choices)
    title = models.CharField(_("告警"), max_length=120)
    text = models.CharField(_("说明"), max_length=200, blank=True)
    value = models.FloatField(_("数值"))
    began_at = models.DateTimeField(_("开始"))
    fired_at = models.DateTimeField(_("触发"), null=True, blank=True)
    ended_at = models.DateTimeField(_("恢复"), null=True, blank=True)
    acknowledged_at = models.DateTimeField(_("确认"), null=True, blank=True)
    acknowledged_by = models.CharField(_("确认人"), max_length=60, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("告警")
        ordering = ["-began_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "subject"], condition=Q(ended_at=None), name="alert_one_live"
            )
        ]
        indexes = [models.Index(fields=["-fired_at"], name="alert_fired")]

    def __str__(self) -> str:
        return self.title
