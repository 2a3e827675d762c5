"""Seats, their work time and their presence (SEAT-1…4, WB-3)."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .states import NextState, Presence


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
    # Empty means the parameters slot_min and slot_gap_min.
    slot_min = models.PositiveSmallIntegerField(
        _("时段长度（分钟）"),
        null=True,
        blank=True,
        validators=[MinValueValidator(10), MaxValueValidator(240)],
    )
    gap_min = models.PositiveSmallIntegerField(
        _("时段间隔（分钟）"), null=True, blank=True, validators=[MaxValueValidator(120)]
    )
    # 案件处理能力: what the dispatch rules weigh; empty is no limit.
    daily_cases = models.PositiveSmallIntegerField(
        _("每日案件处理能力（件）"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(200)],
    )
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
    loop_at = models.DateTimeField(_("试录时间"), null=True, blank=True)
    loop_report = models.JSONField(_("试录结果"), default=dict, blank=True)
    device_report = models.JSONField(_("设备检测结果"), default=dict, blank=True)
    last_served_at = models.DateTimeField(_("上次接待结束"), null=True, blank=True)
    # A supervisor's sign-out that waits for the end of the case; holds the reason, empty otherwise.
    sign_out_after = models.CharField(_("结束后签出"), max_length=40, blank=True)
    # What the seat chose to do when the case is filed; empty: 示闲.
    next_state = models.CharField(
        _("话后状态"), max_length=10, choices=NextState.choices, blank=True
    )
    next_reason = models.CharField(_("话后示忙原因"), max_length=40, blank=True)
    # The one page that is the seat's; another has to take over (WB-3).
    page = models.CharField(_("工作台页面"), max_length=64, blank=True)

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


class DayOff(models.Model):
    """Days without work: one seat's leave, or everybody's holiday (no seat).

    A seat's leave closes its day whatever else is set. A holiday closes the weekday's hours only:
    hours of that very date (调休上班) stand.
    """

    seat = models.ForeignKey(
        Seat,
        verbose_name=_("坐席"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="days_off",
    )
    first_day = models.DateField(_("开始日期"))
    last_day = models.DateField(_("结束日期"))
    note = models.CharField(_("事由"), max_length=20)

    class Meta:
        verbose_name = verbose_name_plural = _("休假与节假日")
        ordering = ["first_day", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day")), name="dayoff_forward"
            ),
        ]
        indexes = [models.Index(fields=["last_day", "seat"])]

    def __str__(self) -> str:
        return f"{self.note} {self.first_day:%F}"

    @property
    def days(self) -> str:
        one_day = self.first_day == self.last_day
        return f"{self.first_day:%F}" if one_day else f"{self.first_day:%F} – {self.last_day:%F}"
