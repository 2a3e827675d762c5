"""Holding, booking, moving, keeping, expiring."""

import datetime as dt
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from appointments.errors import MoveNotAllowed, NoShowLimit, PersonBusy, SlotClosed, SlotTaken
from appointments.models import Appointment, AppointmentPerson, SlotHold
from appointments.selectors import (
    current_appointment,
    free_slots,
    is_barred,
    moves_left,
    slot_length,
)
from appointments.states import APPOINTMENT_MACHINE, AppointmentMove, AppointmentState
from audit import services as audit
from common.actor import SYSTEM, Actor
from common.clock import db_now
from common.faultpoint import faultpoint
from common.push import push, seat_group
from interviews.models import Call
from interviews.policy import require_video_allowed
from interviews.selectors import live_call_of
from interviews.services import lock_task, require_open
from interviews.states import RUNNING, CallState
from outbox.services import publish
from parameters.selectors import value_of
from seats import services as seats
from seats.models import Seat

# Each change that the customer should hear of; the bridge turns them into messages (MSG-1).
NEWS = {
    AppointmentMove.KEEP: "kept",
    AppointmentMove.EXPIRE: "expired",
    AppointmentMove.CANCEL: "cancelled",
}


def publish_news(appointment: Appointment, occasion: str) -> None:
    """One lane per contract, so that an old time never arrives after the new one."""
    publish(
        f"appointment.{occasion}",
        key=appointment.task.contract_no,
        appointment_id=appointment.pk,
        occasion=occasion,
    )


@transaction.atomic
def hold(seat_id: int, *, start: dt.datetime, holder: str, actor: Actor) -> SlotHold:
    """Keep a free slot for `holder` (parameter hold_min); nobody else sees it as free meanwhile.

    A holder has one slot: another one is let go. Holding the same again is the same hold, with the
    same end. Raises SlotTaken (facts.next), SlotClosed.
    """
    seat = seats.lock_seat(seat_id)
    now = db_now()
    SlotHold.objects.filter(expires_at__lte=now, seat=seat).delete()
    slot = DateTimeTZRange(start, start + slot_length(seat))
    same = SlotHold.objects.filter(holder=holder, seat=seat, slot=slot, expires_at__gt=now).first()
    if same is not None:
        return same
    _require_open(seat_id, start, holder)
    # One statement per holder: of two holds of one holder in flight, the later one stands.
    row, _created = SlotHold.objects.update_or_create(
        holder=holder,
        defaults={
            "seat": seat,
            "slot": slot,
            "expires_at": now + dt.timedelta(minutes=value_of("hold_min")),
        },
    )
    audit.record(
        "appointment.held",
        actor=actor,
        object_type="seat",
        object_id=seat.pk,
        start=start.isoformat(),
    )
    faultpoint("slot.held")
    return row


@transaction.atomic
def release(holder: str) -> None:
    """The holder does not want the slot any more. Idempotent."""
    SlotHold.objects.filter(holder=holder).delete()


@transaction.atomic
def book(
    task_id: UUID,
    *,
    seat_id: int,
    start: dt.datetime,
    actor: Actor,
    moved_from: Appointment | None = None,
    minutes: int | None = None,
    holder: str = "",
) -> Appointment:
    """Book `start` with the seat for everybody of the task (MM-1, CRD-2).

    Idempotent: booking what the task has already booked returns it. `holder` names the hold this
    booking uses up (by default the task's contract number). `minutes` lets an operator's tool book a
    length of its own, outside the working hours. Raises SlotTaken (facts.next), PersonBusy,
    SlotClosed, VideoNotAllowed.
    """
    seat = seats.lock_seat(seat_id)
    task = lock_task(task_id)
    require_video_allowed(task)
    holder = holder or task.contract_no
    length = dt.timedelta(minutes=minutes) if minutes else slot_length(seat)
    slot = DateTimeTZRange(start, start + length)
    same = Appointment.objects.filter(
        task=task, seat=seat, slot=slot, state=AppointmentState.BOOKED
    ).first()
    if same is not None:
        return same
    if minutes is None:
        _require_open(seat_id, start, holder)
    _free_superseded(task.contract_no, actor)
    try:
        with transaction.atomic():
            appointment = Appointment.objects.create(
                task=task, seat=seat, slot=slot, moved_from=moved_from, booked_by=actor.name
            )
            AppointmentPerson.objects.bulk_create(
                AppointmentPerson(appointment=appointment, person_index=index, slot=slot)
                for index in task.parties.values_list("id_index", flat=True)
            )
    except IntegrityError as error:
        if "appointment_person_free" in str(error):
            raise PersonBusy from error
        raise SlotTaken(next=_next_free(seat_id, holder)) from error
    faultpoint("slot.taken")
    SlotHold.objects.filter(holder=holder).delete()
    assign_task(appointment, seat)
    audit.record(
        "appointment.booked",
        actor=actor,
        object_type="appointment",
        object_id=appointment.pk,
        chain=audit.interview_chain(task.pk),
        seat=seat.staff_no,
        start=start.isoformat(),
    )
    publish_news(appointment, "booked" if moved_from is None else "moved")
    faultpoint("appointment.booked")
    push(seat_group(seat.pk), "seat.changed")
    return appointment


def _free_superseded(contract_no: str, actor: Actor) -> None:
    """A reverse flow's new task must not collide with the old one's people (CRD-5)."""
    for stale in Appointment.objects.filter(
        task__contract_no=contract_no,
        task__superseded_at__isnull=False,
        state=AppointmentState.BOOKED,
    ):
        close(stale, AppointmentMove.CANCEL, actor=actor)


def assign_task(appointment: Appointment, seat: Seat) -> None:
    """The task names the seat of its appointment (CRD-3). Its row is locked by the caller."""
    appointment.task.seat_staff_no = seat.staff_no
    appointment.task.save(update_fields=["seat_staff_no"])


def _require_open(seat_id: int, start: dt.datetime, holder: str) -> None:
    day = timezone.localdate(start)
    today = timezone.localdate()
    if not today <= day <= today + dt.timedelta(days=value_of("booking_days")):
        raise SlotClosed
    found = free_slots(first_day=day, last_day=day, seat_id=seat_id, holder=holder)
    if not any(slot.start == start for slot in found):
        raise SlotTaken(next=_next_free(seat_id, holder))


def _next_free(seat_id: int, holder: str, count: int = 5) -> list[str]:
    today = timezone.localdate()
    found = free_slots(
        first_day=today, last_day=today + dt.timedelta(days=7), seat_id=seat_id, holder=holder
    )
    return [slot.start.isoformat() for slot in found[:count]]


def lock_appointment(appointment_id: int) -> Appointment:
    """The one way to take an appointment for change; after the seat and the task."""
    return Appointment.objects.select_for_update(of=("self",)).get(pk=appointment_id)


@transaction.atomic
def close(appointment: Appointment, move: AppointmentMove, *, actor: Actor) -> Appointment:
    """One move of an appointment; its people are free again."""
    appointment = lock_appointment(appointment.pk)
    appointment.state = APPOINTMENT_MACHINE.after(AppointmentState(appointment.state), move)
    appointment.save(update_fields=["state"])
    AppointmentPerson.objects.filter(appointment=appointment).update(live=False)
    audit.record(
        f"appointment.{move.value}",
        actor=actor,
        object_type="appointment",
        object_id=appointment.pk,
        chain=audit.interview_chain(appointment.task_id),
    )
    if move in NEWS:
        publish_news(appointment, NEWS[move])
    faultpoint("appointment.closed")
    push(seat_group(appointment.seat_id), "seat.changed")
    return appointment


@transaction.atomic
def cancel(task_id: UUID, *, actor: Actor, ahead: bool = False) -> None:
    """The task's booked time is free again; `ahead` only if it has not begun. Idempotent."""
    lock_task(task_id)
    booked = Appointment.objects.filter(task_id=task_id, state=AppointmentState.BOOKED).first()
    if booked is not None and not (ahead and booked.bounds[0] <= db_now()):
        close(booked, AppointmentMove.CANCEL, actor=actor)


@transaction.atomic
def move(task_id: UUID, *, seat_id: int, start: dt.datetime, actor: Actor) -> Appointment:
    """Reschedule (APP-3): before the slot, after it expired, or after a doubted interview.

    Moving to where it is changes nothing and costs no move. Raises TaskClosed once the task is
    settled or superseded, MoveNotAllowed, NoShowLimit and what `book` raises.
    """
    seats.lock_seat(seat_id)  # before the task, as everywhere: two orders would deadlock
    require_open(lock_task(task_id))
    old = current_appointment(task_id)
    if old is None or live_call_of(task_id) is not None:
        raise MoveNotAllowed
    start_of_old, end_of_old = old.bounds
    if old.state == AppointmentState.BOOKED and (old.seat_id, start_of_old) == (seat_id, start):
        return old
    if old.state == AppointmentState.BOOKED and start_of_old <= timezone.now() < end_of_old:
        raise MoveNotAllowed
    if moves_left(task_id) == 0:
        raise MoveNotAllowed
    if is_barred(task_id):
        raise NoShowLimit
    close(old, AppointmentMove.MOVE, actor=actor)
    return book(task_id, seat_id=seat_id, start=start, actor=actor, moved_from=old)


def keep(task_id: UUID) -> None:
    """The task's interview was held: its booked appointment is kept."""
    booked = Appointment.objects.filter(task_id=task_id, state=AppointmentState.BOOKED).first()
    if booked is not None:
        close(booked, AppointmentMove.KEEP, actor=SYSTEM)


def note_arrivals(tasks: Collection[UUID] | QuerySet[Any]) -> None:
    """Somebody of these tasks is here inside the slot. The first time counts; else nothing."""
    Appointment.objects.filter(
        task__in=tasks,
        state=AppointmentState.BOOKED,
        slot__contains=Now(),
        arrived_at=None,
    ).update(arrived_at=Now())


@transaction.atomic
def _expire(appointment_id: int) -> bool:
    row = lock_appointment(appointment_id)
    if row.state != AppointmentState.BOOKED:
        return False  # kept or moved since it was found
    if row.arrived_at is None:
        Appointment.objects.filter(pk=row.pk).update(no_show=True)
    close(row, AppointmentMove.EXPIRE, actor=SYSTEM)
    return True


def expire_past() -> int:
    """Booked slots that passed without an interview; who came and still waits gets the grace.

    What was held is kept when it is filed, however late that is.
    """
    now = db_now()
    SlotHold.objects.filter(expires_at__lte=now).delete()
    grace = dt.timedelta(minutes=value_of("arrived_grace_min"))
    held = Call.objects.filter(
        Q(state__in=RUNNING) | Q(state=CallState.ENDED, live_at__isnull=False),
        task=OuterRef("task"),
    )
    overdue = (
        Appointment.objects.filter(state=AppointmentState.BOOKED, slot__endswith__lt=now)
        .exclude(arrived_at__isnull=False, slot__endswith__gte=now - grace)
        .exclude(Exists(held))
    )
    return sum(_expire(pk) for pk in overdue.values_list("pk", flat=True))
