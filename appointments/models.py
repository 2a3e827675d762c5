"""Booked times. PostgreSQL makes overlaps impossible, per seat and per person."""

import datetime as dt

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .states import AppointmentState


class Appointment(models.Model):
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

    @property
    def bounds(self) -> tuple[dt.datetime, dt.datetime]:
        """Start and end, aware. A booked slot is never open-ended."""
        start, end = self.slot.lower, self.slot.upper
        assert start is not None  # noqa: S101 - DateTimeTZRange of two moments
        assert end is not None  # noqa: S101
        return start, end


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
