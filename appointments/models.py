"""Booked times. PostgreSQL makes overlaps impossible, per seat and per person."""

import datetime as dt
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .states import AppointmentState, NetworkGrade


class Slotted:
    """What takes a slot, which is never open-ended."""

    slot: Any

    @property
    def bounds(self) -> tuple[dt.datetime, dt.datetime]:
        """Start and end, aware."""
        start, end = self.slot.lower, self.slot.upper
        assert start is not None  # noqa: S101 - DateTimeTZRange of two moments
        assert end is not None  # noqa: S101
        return start, end


class Appointment(Slotted, models.Model):
    """预约: a task's time with a seat. Moved = a new row linked to the old."""

    task = models.ForeignKey(
        "interviews.InterviewTask", on_delete=models.PROTECT, related_name="appointments"
    )
    seat = models.ForeignKey(
        "seats.Seat", verbose_name=_("坐席"), on_delete=models.PROTECT, related_name="appointments"
    )
    slot = DateTimeRangeField(_("时段"))
    state = models.CharField(
        _("状态"),
        max_length=10,
        choices=AppointmentState.choices,
        default=AppointmentState.BOOKED,
    )
    moved_from = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="moved_to"
    )
    # The first call-in of anybody of the task inside the slot: late is measured, no-show is its lack.
    arrived_at = models.DateTimeField(_("首次呼入"), null=True, blank=True)
    no_show = models.BooleanField(_("爽约"), default=False)
    booked_by = models.CharField(_("预约人"), max_length=60, blank=True)
    created_at = models.DateTimeField(_("创建时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("预约")
        constraints = [
            ExclusionConstraint(
                name="appointment_seat_free",
                expressions=[("seat", RangeOperators.EQUAL), ("slot", RangeOperators.OVERLAPS)],
                condition=Q(state=AppointmentState.BOOKED),
            ),
            models.UniqueConstraint(
                fields=["task"],
                condition=Q(state=AppointmentState.BOOKED),
                name="appointment_one_booked_per_task",
            ),
        ]
        indexes = [models.Index(fields=["seat", "state"])]

    def __str__(self) -> str:
        return f"{self.task_id} {self.slot}"


class DeviceCheck(models.Model):
    """设备预检: what a party's phone and network were like, days before or right before the call."""

    task = models.ForeignKey(
        "interviews.InterviewTask", on_delete=models.PROTECT, related_name="device_checks"
    )
    party = models.ForeignKey(
        "interviews.Party", on_delete=models.PROTECT, related_name="device_checks"
    )
    # By number: the check stays when the appointment is moved.
    appointment_id = models.BigIntegerField(_("预约"), null=True, blank=True)
    early = models.BooleanField(_("提前检查"), default=False)
    camera = models.BooleanField(_("摄像头"))
    microphone = models.BooleanField(_("麦克风"))
    speaker = models.BooleanField(_("听筒"))
    network = models.CharField(_("网络"), max_length=8, choices=NetworkGrade.choices)
    loss_percent = models.FloatField(_("丢包率（%）"), null=True, blank=True)
    rtt_ms = models.FloatField(_("往返时延（毫秒）"), null=True, blank=True)
    kbps = models.FloatField(_("上行速率（kbit/s）"), null=True, blank=True)
    host = models.CharField(_("打开方式"), max_length=20, blank=True)
    os = models.CharField(_("操作系统"), max_length=60, blank=True)
    device_model = models.CharField(_("设备型号"), max_length=100, blank=True)
    trouble = models.CharField(_("未通过原因"), max_length=40, blank=True)
    created_at = models.DateTimeField(_("时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("设备预检")
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["task", "party", "-created_at"])]

    def __str__(self) -> str:
        return f"{self.party_id} {self.network}"

    @property
    def passed(self) -> bool:
        """Nothing stands in the way of the interview."""
        usable = self.network in {NetworkGrade.GOOD, NetworkGrade.FAIR}
        return self.camera and self.microphone and self.speaker and usable


class SlotHold(Slotted, models.Model):
    """占用: a slot kept for somebody who is still filling in the form. Past its time it is nothing.

    `holder` is the contract number or whatever else names the one who books; one slot at a time.
    """

    seat = models.ForeignKey("seats.Seat", on_delete=models.CASCADE, related_name="holds")
    slot = DateTimeRangeField(_("时段"))
    holder = models.CharField(_("占用者"), max_length=60, unique=True)
    expires_at = models.DateTimeField(_("占用至"), db_index=True)

    class Meta:
        verbose_name = verbose_name_plural = _("时段占用")
        constraints = [
            ExclusionConstraint(
                name="hold_seat_free",
                expressions=[("seat", RangeOperators.EQUAL), ("slot", RangeOperators.OVERLAPS)],
            )
        ]

    def __str__(self) -> str:
        return f"{self.seat_id} {self.slot}"


class AppointmentPerson(models.Model):
    """Who must be free in the slot; follows the appointment's state."""

    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="people")
    person_index = models.CharField(max_length=64)  # blind index of the ID number
    slot = DateTimeRangeField()
    live = models.BooleanField(default=True)

    class Meta:
        verbose_name = verbose_name_plural = _("预约干系人")
        constraints = [
            ExclusionConstraint(
                name="appointment_person_free",
                expressions=[
                    ("person_index", RangeOperators.EQUAL),
                    ("slot", RangeOperators.OVERLAPS),
                ],
                condition=Q(live=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.appointment_id}"
