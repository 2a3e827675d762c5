"""Work time set with its consequences in view (SEAT-3).

The preview is the change itself, rolled back: nothing it shows can differ from what is applied.
"""

import datetime as dt
import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.candidates import open_appointments
from appointments.errors import PreviewStale
from appointments.models import Appointment
from appointments.selectors import days_between, plans_of
from appointments.timetable import slots_of_day, works_through
from common.actor import Actor
from seats import services as seats
from seats.models import DayOff, Seat, WorkTime

AHEAD = dt.timedelta(days=30)
_EVERYBODY = 0


@dataclass(frozen=True, slots=True)
class Outside:
    """A booked appointment out of the seat's work time: it stays until somebody moves it."""

    appointment: Appointment
    why: str
    new: bool  # this change does it; otherwise it was so before


@dataclass(frozen=True, slots=True)
class Group:
    """Seats to which the very same happens: (what, before, after); no seats: to everybody."""

    seats: tuple[Seat, ...]
    lines: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Preview:
    groups: tuple[Group, ...]
    unchanged: tuple[Seat, ...]
    outside: tuple[Outside, ...]
    slots_before: int  # of the 30 days from today
    slots_after: int

    @property
    def digest(self) -> str:
        """Tells whether a later preview still shows the same."""
        shown = [
            [([seat.pk for seat in group.seats], group.lines) for group in self.groups],
            [item.appointment.pk for item in self.outside],
        ]
        return hashlib.sha256(repr(shown).encode()).hexdigest()


def weekday_names() -> list[str]:
    """Monday first."""
    return [_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日")]


def outside_work_time(chosen: Collection[Seat]) -> dict[int, tuple[Appointment, str]]:
    """Booked, not over, and not within the seat's work time as it is now; with the reason."""
    rows = list(open_appointments().filter(seat__in=chosen))
    if not rows:
        return {}
    zone = timezone.get_current_timezone()
    last = max(timezone.localdate(row.bounds[1]) for row in rows)
    plans = plans_of(chosen, first_day=timezone.localdate(rows[0].bounds[0]), last_day=last)
    return {
        row.pk: (
            row,
            plans[row.seat_id].off_note(timezone.localdate(row.bounds[0])) or _("未排班"),
        )
        for row in rows
        if not works_through(plans[row.seat_id], row.bounds, zone)
    }


def _slots_ahead(chosen: Collection[Seat]) -> int:
    today, zone = timezone.localdate(), timezone.get_current_timezone()
    plans = plans_of(chosen, first_day=today, last_day=today + AHEAD)
    days = days_between(today, today + AHEAD)
    return sum(
        1 for plan in plans.values() for day in days for _slot in slots_of_day(plan, day, zone)
    )


def _facts(seat_ids: Collection[int]) -> dict[int, dict[str, str]]:
    """Per seat, and for everybody, what is set, by what it is called."""
    names, usual = weekday_names(), _("默认")
    found: dict[int, dict[str, str]] = {_EVERYBODY: {}}
    for seat in Seat.objects.filter(pk__in=seat_ids):
        found[seat.pk] = dict.fromkeys(names, "") | {
            _("时段长度"): f"{seat.slot_min or usual}",
            _("时段间隔"): usual if seat.gap_min is None else f"{seat.gap_min}",
            _("每日案件"): f"{seat.daily_cases or _('不限')}",
        }
    for row in WorkTime.objects.filter(seat__in=seat_ids).order_by("date", "start"):
        facts = found[row.seat_id]
        name = f"{row.date:%F}" if row.weekday is None else names[row.weekday]
        hours = f"{row.start:%H:%M}–{row.end:%H:%M}"
        facts[name] = f"{facts[name]}、{hours}" if facts.get(name) else hours
    for off in DayOff.objects.filter(
        Q(seat=None) | Q(seat__in=seat_ids), last_day__gte=timezone.localdate()
    ):
        kind = _("节假日") if off.seat_id is None else _("休假")
        found[off.seat_id or _EVERYBODY][f"{kind} {off.days}"] = off.note
    return found


def _difference(before: dict[str, str], after: dict[str, str]) -> tuple[tuple[str, str, str], ...]:
    """What is no longer as it was; weekdays to which the same happens are named together."""
    weekdays = weekday_names()
    found: dict[tuple[object, str, str], list[str]] = {}
    for name in dict.fromkeys([*before, *after]):
        was, now = before.get(name, ""), after.get(name, "")
        if was != now:
            found.setdefault((name in weekdays or name, was, now), []).append(name)
    return tuple(("、".join(names), was, now) for (_kind, was, now), names in found.items())


def _change(seat_ids: Collection[int], change: seats.WorkTimeChange, actor: Actor) -> Preview:
    """Inside a transaction, which the caller keeps or rolls back."""
    seats.lock_seats(seat_ids)
    for_all = change.everyone or DayOff.objects.filter(pk__in=change.removed, seat=None).exists()
    affected = Seat.objects.select_related("user").filter(rehearsal=False)
    chosen = affected.filter(pk__in=seat_ids)
    reach = affected.filter(Q(enabled=True) | Q(pk__in=seat_ids)) if for_all else chosen
    facts, was_outside, slots_before = (
        _facts(seat_ids),
        outside_work_time(reach.all()),
        _slots_ahead(reach.all()),
    )
    seats.change_work_time(seat_ids, change, actor=actor)
    now = _facts(seat_ids)
    groups: dict[tuple[tuple[str, str, str], ...], list[Seat]] = {}
    for seat in chosen:
        groups.setdefault(_difference(facts[seat.pk], now[seat.pk]), []).append(seat)
    unchanged = groups.pop((), [])
    shown = [Group(tuple(mine), lines) for lines, mine in groups.items()]
    if lines := _difference(facts[_EVERYBODY], now[_EVERYBODY]):
        shown.append(Group((), lines))
    return Preview(
        groups=tuple(shown),
        unchanged=tuple(unchanged),
        outside=tuple(
            Outside(row, why, pk not in was_outside)
            for pk, (row, why) in outside_work_time(reach.all()).items()
        ),
        slots_before=slots_before,
        slots_after=_slots_ahead(reach.all()),
    )


def preview_work_time(
    seat_ids: Collection[int], change: seats.WorkTimeChange, *, actor: Actor
) -> Preview:
    """What `apply_work_time` would do. Nothing stays of it. Raises HoursOverlap."""
    with transaction.atomic():
        preview = _change(seat_ids, change, actor)
        transaction.set_rollback(True)
    return preview


@transaction.atomic
def apply_work_time(
    seat_ids: Collection[int], change: seats.WorkTimeChange, *, seen: str, actor: Actor
) -> Preview:
    """All of it for all these seats, or nothing. What is booked stays booked.

    Raises PreviewStale when it would do another thing than the preview with the digest `seen`
    showed, HoursOverlap when hours overlap.
    """
    preview = _change(seat_ids, change, actor)
    if preview.digest != seen:
        raise PreviewStale
    return preview
