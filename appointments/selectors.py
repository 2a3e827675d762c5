"""Which times are free, which are taken. The same answer lists and books."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from interviews.models import InterviewTask
from interviews.selectors import calls_by_contract, live_call_of
from interviews.states import TaskState
from parameters.selectors import value_of, values_of
from seats.models import DayOff, Seat, WorkTime

from .models import Appointment, DeviceCheck, SlotHold
from .states import AppointmentState, NetworkGrade
from .timetable import Plan, Span, slots_of_day

# An overlap with an empty range is nothing: with all three times at 0 this keeps it open.
_TICK = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class FreeSlot:
    seat_id: int
    staff_no: str
    start: dt.datetime
    end: dt.datetime


def plans_of(seats: Collection[Seat], *, first_day: dt.date, last_day: dt.date) -> dict[int, Plan]:
    """The work time of these seats over these days, as it decides what can be booked."""
    length, gap = value_of("slot_min"), value_of("slot_gap_min")
    plans = {
        seat.pk: Plan(
            length=dt.timedelta(minutes=seat.slot_min or length),
            gap=dt.timedelta(minutes=gap if seat.gap_min is None else seat.gap_min),
        )
        for seat in seats
    }
    for row in WorkTime.objects.filter(seat__in=plans).filter(
        Q(date=None) | Q(date__range=(first_day, last_day))
    ):
        plan = plans[row.seat_id]
        if row.date is not None:
            plan.dated.setdefault(row.date, []).append((row.start, row.end))
        elif row.weekday is not None:
            plan.week.setdefault(row.weekday, []).append((row.start, row.end))
    for off in DayOff.objects.filter(
        Q(seat=None) | Q(seat__in=plans), first_day__lte=last_day, last_day__gte=first_day
    ):
        days = days_between(max(off.first_day, first_day), min(off.last_day, last_day))
        if off.seat_id is not None:
            plans[off.seat_id].leave.update(dict.fromkeys(days, off.note))
        else:
            for plan in plans.values():
                plan.holidays.update(dict.fromkeys(days, off.note))
    return plans


def days_between(first_day: dt.date, last_day: dt.date) -> list[dt.date]:
    return [first_day + dt.timedelta(days=n) for n in range((last_day - first_day).days + 1)]


def taken_spans(seats: Collection[int], *spans: Span, holder: str = "") -> dict[int, list[Span]]:
    """What is booked or held by somebody else, per seat, around each of `spans`."""
    taken: dict[int, list[Span]] = {}
    around = Q(pk__in=[])
    for start, end in spans:
        around |= Q(slot__overlap=(start - dt.timedelta(hours=4), end + dt.timedelta(hours=4)))
    rows = [
        *Appointment.objects.filter(
            around, seat__in=seats, state=AppointmentState.BOOKED
        ).values_list("seat_id", "slot"),
        *SlotHold.objects.filter(around, seat__in=seats, expires_at__gt=timezone.now())
        .exclude(holder=holder)
        .values_list("seat_id", "slot"),
    ]
    for seat_id, slot in rows:
        if slot.lower is not None and slot.upper is not None:  # a slot is never open-ended
            taken.setdefault(seat_id, []).append((slot.lower, slot.upper))
    return taken


def day_span(first_day: dt.date, last_day: dt.date) -> Span:
    """Midnight to midnight, in the bank's time zone."""
    zone = timezone.get_current_timezone()
    return (
        dt.datetime.combine(first_day, dt.time.min, zone),
        dt.datetime.combine(last_day + dt.timedelta(days=1), dt.time.min, zone),
    )


def free_slots(
    *, first_day: dt.date, last_day: dt.date, seat_id: int | None = None, holder: str = ""
) -> list[FreeSlot]:
    """Bookable slots of enabled seats from `first_day` to `last_day` inclusive, in time order.

    What `holder` holds is free to that holder. Booking asks this same function.
    """
    found = Seat.objects.filter(enabled=True, rehearsal=False).select_related("user")
    if seat_id is not None:
        found = found.filter(pk=seat_id)
    seats = list(found)
    plans = plans_of(seats, first_day=first_day, last_day=last_day)
    taken = taken_spans([seat.pk for seat in seats], day_span(first_day, last_day), holder=holder)
    zone, now = timezone.get_current_timezone(), timezone.now()
    free = [
        FreeSlot(seat.pk, seat.staff_no, start, end)
        for seat in seats
        for day in days_between(first_day, last_day)
        for start, end, open_now in slots_of_day(plans[seat.pk], day, zone, taken.get(seat.pk, ()))
        if open_now and start > now
    ]
    return sorted(free, key=lambda slot: (slot.start, slot.staff_no))


def slot_length(seat: Seat) -> dt.timedelta:
    return dt.timedelta(minutes=seat.slot_min or value_of("slot_min"))


def current_appointment(task_id: UUID) -> Appointment | None:
    """The booked appointment, else the latest one of the task."""
    rows = Appointment.objects.filter(task_id=task_id).select_related("seat__user")
    return rows.filter(state=AppointmentState.BOOKED).first() or rows.order_by("-pk").first()


@dataclass(frozen=True, slots=True)
class DaySlots:
    """A day of one seat: why it is off, and every time that could be or is booked."""

    date: dt.date
    off_note: str
    slots: tuple[tuple[dt.datetime, dt.datetime, bool], ...]  # start, end, free


def slots_with_taken(seat: Seat, *, first_day: dt.date, last_day: dt.date) -> list[DaySlots]:
    """Every day with what is free and what is taken; the past is neither (APP-3, MM-1)."""
    plan = plans_of([seat], first_day=first_day, last_day=last_day)[seat.pk]
    taken = taken_spans([seat.pk], day_span(first_day, last_day)).get(seat.pk, [])
    zone, now = timezone.get_current_timezone(), timezone.now()
    return [
        DaySlots(
            day,
            plan.off_note(day),
            tuple(row for row in slots_of_day(plan, day, zone, taken) if row[0] > now),
        )
        for day in days_between(first_day, last_day)
    ]


def moves_left(task_id: UUID) -> int | None:
    """How often the primary borrower may still move the time (APP-3); None without a limit.

    A second interview that a reviewer asked for is booked beyond the limit (QC-3).
    """
    limit = value_of("reschedule_limit")
    if not limit:
        return None
    moved = Appointment.objects.filter(task_id=task_id, state=AppointmentState.MOVED).count()
    returns = InterviewTask.objects.values_list("returns", flat=True).get(pk=task_id)
    return max(0, limit + returns - moved)


def is_barred(task_id: UUID) -> bool:
    """Stayed away too often to choose alone (parameter no_show_limit)."""
    limit = value_of("no_show_limit")
    missed = Appointment.objects.filter(task_id=task_id, no_show=True).count()
    return bool(limit) and missed >= limit


def may_move(task: InterviewTask, now: dt.datetime | None = None) -> bool:
    """Whether 改约 is open now: not in the slot, not in a call, moves left, task open (APP-3)."""
    moment = now or timezone.now()
    appointment = current_appointment(task.pk)
    if appointment is None or task.superseded_at is not None or task.state != TaskState.PENDING:
        return False
    start, end = appointment.bounds
    in_slot = appointment.state == AppointmentState.BOOKED and start <= moment < end
    return not (
        in_slot
        or live_call_of(task.pk) is not None
        or moves_left(task.pk) == 0
        or is_barred(task.pk)
    )


def is_within_slot(task_id: UUID, now: dt.datetime | None = None) -> bool:
    """APP-2: call-in only within the slot."""
    moment = now or timezone.now()
    return Appointment.objects.filter(
        task_id=task_id, state=AppointmentState.BOOKED, slot__contains=moment
    ).exists()


@dataclass(frozen=True, slots=True)
class Due:
    """A booked appointment around now: whether the customer is on time, and the seat kept for him."""

    appointment: Appointment
    open: bool  # a call of the task goes to the appointment's seat
    held: bool  # the seat is given to nobody else


def due_appointments(now: dt.datetime) -> list[Due]:
    """Booked ones whose time has come, is about to, or is over but for the grace of who came (DSP-2).

    A seat is held from `hold_before_min` before the slot until `late_hold_min` after its start;
    once the customer has called in, to the slot's end and `arrived_grace_min` longer.
    """
    before, late, grace = (
        dt.timedelta(minutes=minutes)
        for minutes in values_of("hold_before_min", "late_hold_min", "arrived_grace_min")
    )
    rows = Appointment.objects.filter(
        state=AppointmentState.BOOKED, slot__overlap=(now - grace, now + before + _TICK)
    )
    found: list[Due] = []
    for row in rows:
        start, end = row.bounds
        until = end + grace if row.arrived_at is not None else end
        kept = until if row.arrived_at is not None else min(end, start + late)
        found.append(Due(row, start <= now < until, start - before <= now < kept))
    return found


def punctuality(start: dt.datetime, arrived_at: dt.datetime) -> str:
    """早到, 准时 or 迟到, in whole minutes; late is who comes `late_min` into the slot."""
    minutes = int((arrived_at - start).total_seconds() // 60)
    if minutes < 0:
        return _("早到 {count} 分").format(count=-minutes)
    if minutes < value_of("late_min"):
        return _("准时")
    return _("迟到 {count} 分").format(count=minutes)


def _punctuality_of(row: Appointment, now: dt.datetime) -> str:
    """Of who has come, or should have; empty before the time."""
    if row.arrived_at is not None:
        return punctuality(row.bounds[0], row.arrived_at)
    late = dt.timedelta(minutes=value_of("late_min"))
    if row.state == AppointmentState.BOOKED and row.bounds[0] + late <= now:
        return _("{late}，未到").format(late=punctuality(row.bounds[0], now))
    return ""


def todays_for_seat(seat_id: int) -> list[dict[str, Any]]:
    """Today's appointments of a seat for the workbench, in time order."""
    zone = timezone.get_current_timezone()
    start = dt.datetime.combine(timezone.localdate(), dt.time.min, zone)
    rows = (
        Appointment.objects.filter(
            seat_id=seat_id, slot__overlap=(start, start + dt.timedelta(days=1))
        )
        .exclude(state__in=[AppointmentState.MOVED, AppointmentState.CANCELLED])
        .select_related("task")
        .annotate(parties=Count("task__parties"))
        .order_by("slot")
    )
    now = timezone.now()
    calls = calls_by_contract({row.task.contract_no for row in rows})
    checks = latest_checks([row.task_id for row in rows])
    return [
        {
            "id": row.pk,
            "task_id": str(row.task_id),
            "device_check": check_view(checks.get(row.task_id, [])),
            "customer_name": row.task.customer_name,
            "product_name": row.task.product_name,
            "amount": row.task.amount_text,
            "parties": row.parties,
            "earlier_calls": calls.get(row.task.contract_no, 0),
            "punctuality": _punctuality_of(row, now),
            "start": timezone.localtime(row.slot.lower).strftime("%H:%M"),
            "end": timezone.localtime(row.slot.upper).strftime("%H:%M"),
            "state": row.state,
            "state_label": str(AppointmentState(row.state).label),
            "no_show": row.no_show,
        }
        for row in rows
    ]


def latest_checks(task_ids: Collection[UUID]) -> dict[UUID, list[DeviceCheck]]:
    """Each party's newest device check, by task. One query."""
    found: dict[UUID, list[DeviceCheck]] = {}
    rows = (
        DeviceCheck.objects.filter(task_id__in=task_ids)
        .select_related("party")
        .order_by("task_id", "party_id", "-created_at", "-pk")
        .distinct("task_id", "party_id")
    )
    for row in rows:
        found.setdefault(row.task_id, []).append(row)
    return found


def check_view(checks: Collection[DeviceCheck]) -> dict[str, Any] | None:
    """What a list shows of the checks of one case; None when nobody has checked."""
    if not checks:
        return None
    return {
        "passed": all(check.passed for check in checks),
        "parties": [
            {
                "name": check.party.name,
                "passed": check.passed,
                "network": check.network,
                "network_label": str(NetworkGrade(check.network).label),
                "trouble": check.trouble,
                "at": timezone.localtime(check.created_at).strftime("%m-%d %H:%M"),
            }
            for check in checks
        ],
    }
