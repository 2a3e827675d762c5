"""Booking, moving, expiring. A refused booking changes nothing and names what is free next."""

import datetime as dt
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from audit import services as audit
from common.actor import SYSTEM, Actor
from common.clock import db_now
from common.push import push, seat_group
from interviews.services import lock_task
from outbox.services import publish
from parameters.selectors import value_of
from seats import services as seats

from .errors import MoveNotAllowed, PersonBusy, SlotClosed, SlotTaken
from .models import Appointment, AppointmentPerson
from .selectors import current_appointment, free_slots, slot_length
from .states import APPOINTMENT_MACHINE, AppointmentMove, AppointmentState


@transaction.atomic
def book(
    task_id: UUID,
    *,
    seat_id: int,
    start: dt.datetime,
    actor: Actor,
    moved_from: Appointment | None = None,
    minutes: int | None = None,
) -> Appointment:
    """Book `start` with the seat for everybody of the task (MM-1, CRD-2).

    Idempotent: booking what the task has already booked returns it. `minutes` lets an operator's
    tool book a length of its own, outside the working hours. Raises SlotTaken (facts.next),
    PersonBusy, SlotClosed.
    """
    seat = seats.lock_seat(seat_id)
    task = lock_task(task_id)
    length = dt.timedelta(minutes=minutes) if minutes else slot_length()
    slot = DateTimeTZRange(start, start + length)
    same = Appointment.objects.filter(
        task=task, seat=seat, slot=slot, state=AppointmentState.BOOKED
    ).first()
    if same is not None:
        return same
    if minutes is None:
        _require_open(seat_id, start)
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
        raise SlotTaken(next=_next_free(seat_id)) from error
    task.seat_staff_no = seat.staff_no
    task.save(update_fields=["seat_staff_no"])
    audit.record(
        "appointment.booked",
        actor=actor,
        object_type="appointment",
        object_id=appointment.pk,
        chain=audit.interview_chain(task.pk),
        seat=seat.staff_no,
        start=start.isoformat(),
    )
    publish("appointment.booked", key=task.contract_no, appointment_id=appointment.pk)
    push(seat_group(seat.pk), "seat.changed")
    return appointment


def _require_open(seat_id: int, start: dt.datetime) -> None:
    day = timezone.localdate(start)
    today = timezone.localdate()
    if not today <= day <= today + dt.timedelta(days=value_of("booking_days")):
        raise SlotClosed
    if not any(s.start == start for s in free_slots(first_day=day, last_day=day, seat_id=seat_id)):
        raise SlotTaken(next=_next_free(seat_id))


def _next_free(seat_id: int, count: int = 5) -> list[str]:
    today = timezone.localdate()
    found = free_slots(first_day=today, last_day=today + dt.timedelta(days=7), seat_id=seat_id)
    return [slot.start.isoformat() for slot in found[:count]]


@transaction.atomic
def close(appointment: Appointment, move: AppointmentMove, *, actor: Actor) -> Appointment:
    """One move of an appointment; its people are free again."""
    appointment = Appointment.objects.select_for_update(of=("self",)).get(pk=appointment.pk)
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
    push(seat_group(appointment.seat_id), "seat.changed")
    return appointment


@transaction.atomic
def move(task_id: UUID, *, seat_id: int, start: dt.datetime, actor: Actor) -> Appointment:
    """Reschedule (APP-3): before the slot, after it expired, or after a doubted interview."""
    seats.lock_seat(seat_id)  # before the task, as everywhere: two orders would deadlock
    lock_task(task_id)
    old = current_appointment(task_id)
    if old is None:
        raise MoveNotAllowed
    start_of_old, end_of_old = old.bounds
    if old.state == AppointmentState.BOOKED and start_of_old <= timezone.now() < end_of_old:
        raise MoveNotAllowed
    moved = Appointment.objects.filter(task_id=task_id, state=AppointmentState.MOVED).count()
    limit = value_of("reschedule_limit")
    if limit and moved >= limit:
        raise MoveNotAllowed
    close(old, AppointmentMove.MOVE, actor=actor)
    return book(task_id, seat_id=seat_id, start=start, actor=actor, moved_from=old)


def keep(task_id: UUID) -> None:
    """The task's interview was held: its booked appointment is kept."""
    booked = Appointment.objects.filter(task_id=task_id, state=AppointmentState.BOOKED).first()
    if booked is not None:
        close(booked, AppointmentMove.KEEP, actor=SYSTEM)


def expire_past() -> int:
    """Booked slots that have passed without an interview."""
    overdue = Appointment.objects.filter(
        state=AppointmentState.BOOKED, slot__endswith__lt=db_now()
    ).exclude(task__calls__state__in=["CONNECTING", "PREROLL", "LIVE"])
    for row in (found := list(overdue)):
        close(row, AppointmentMove.EXPIRE, actor=SYSTEM)
    return len(found)
