"""Seats, their work time and their presence (SEAT-1…4, WB-3)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .states import Presence


class Seat(models.Model):
    """坐席: an agent who interviews, known by the staff number of the user."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("用户"),
        on_delete=models.PROTECT,
        related_name="seat",
    )
    enabled = models.BooleanField(_("启用"), default=False)
    # A rehearsal's seat is given rehearsals only, and nothing else is given a rehearsal.
    rehearsal = models.BooleanField(_("演练坐席"), default=False, editable=False)
    created_at = models.DateTimeField(_("创建时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("坐席")
        ordering = ["user__staff_no"]

    def __str__(self) -> str:
        return str(self.user)

    @property
    def staff_no(self) -> str:
        return self.user.staff_no

    @property
    def name(self) -> str:
        return self.user.name


class SeatPresence(models.Model):
    """What the seat says it does, and the last sign of life of its page."""

    seat = models.OneToOneField(
        Seat, on_delete=models.CASCADE, primary_key=True, related_name="presence"
    )
    state = models.CharField(
        _("状态"), max_length=10, choices=Presence.choices, default=Presence.SIGNED_OUT
    )
    reason = models.CharField(_("原因"), max_length=40, blank=True)
    since = models.DateTimeField(_("自"), default=timezone.now)
    heartbeat_at = models.DateTimeField(_("最近心跳"), null=True, blank=True)
    devices_ok_at = models.DateTimeField(_("设备检测通过时间"), null=True, blank=True)
    device_report = models.JSONField(_("设备检测结果"), default=dict, blank=True)
    last_served_at = models.DateTimeField(_("上次接待结束"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("坐席状态")

    def __str__(self) -> str:
        return f"{self.seat_id} {self.state}"


class PresenceHistory(models.Model):
    """Each stretch of a state, kept for reports."""

    seat = models.ForeignKey(Seat, on_delete=models.CASCADE, related_name="history")
    state = models.CharField(_("状态"), max_length=10, choices=Presence.choices)
    reason = models.CharField(_("原因"), max_length=40, blank=True)
    since = models.DateTimeField(_("自"))
    until = models.DateTimeField(_("至"))

    class Meta:
        verbose_name = verbose_name_plural = _("坐席状态历史")
        indexes = [models.Index(fields=["seat", "-since"])]

    def __str__(self) -> str:
        return f"{self.seat_id} {self.state} {self.since:%F %T}"


class WorkTime(models.Model):
    """Hours a seat can be booked in: a weekday's, or those of one date, which then replace them."""

    seat = models.ForeignKey(Seat, on_delete=models.CASCADE, related_name="work_times")
    weekday = models.PositiveSmallIntegerField(_("星期（0=周一）"), null=True, blank=True)
    date = models.DateField(_("日期"), null=True, blank=True)
    start = models.TimeField(_("开始"))
    end = models.TimeField(_("结束"))

    class Meta:
        verbose_name = verbose_name_plural = _("工作时间")
        ordering = ["seat", "weekday", "date", "start"]
        constraints = [
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="worktime_forward"),
            models.CheckConstraint(
                condition=(Q(weekday=None) & ~Q(date=None)) | (~Q(weekday=None) & Q(date=None)),
                name="worktime_weekday_or_date",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seat_id} {self.start:%H:%M}-{self.end:%H:%M}"
