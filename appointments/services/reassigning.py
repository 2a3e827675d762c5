"""Moving appointments from seat to seat, time unchanged (SEAT-5), and the guard of SEAT-2."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from appointments.candidates import candidates_for, candidates_of, open_appointments
from appointments.errors import NotReassignable, SeatNotFree
from appointments.models import Appointment
from appointments.placing import Wanted, place
from appointments.states import AppointmentState
from audit import services as audit
from common.actor import Actor
from common.errors import DomainError
from common.faultpoint import faultpoint
from common.push import push, seat_group
from interviews.services import lock_task
from interviews.states import RUNNING
from seats import services as seats
from seats.errors import SeatHasAppointments
from seats.models import Seat

from .booking import assign_task, lock_appointment, publish_news


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an appointment would go or went; without a seat: why not, and what to do now."""

    appointment: Appointment
    seat: Seat | None
    reason: str | Promise = ""
    next_step: str | Promise = ""


NEXT_STEP = _("维持原坐席；请联系主借人在原银在线改约。")


def plan_reassignment(
    appointment_ids: Collection[int],
    *,
    seed: str,
    chosen: Mapping[int, int] | None = None,
    at_random: bool = True,
) -> list[Placement]:
    """What `reassign` would do, in time order; nothing changes.

    `chosen` names seats by hand; the others are placed at random, or not at all.
    """
    rows = list(open_appointments().filter(pk__in=appointment_ids))
    options = candidates_of(rows)
    wanted = [
        Wanted(row.pk, row.bounds, tuple(c.seat.pk for c in options[row.pk] if c.free))
        for row in rows
        if at_random or row.pk in (chosen or {})
    ]
    placed = place(wanted, seed=seed, chosen=chosen)
    by_id = {c.seat.pk: c.seat for found in options.values() for c in found}
    plan: list[Placement] = []
    for row in rows:
        seat_id = placed.get(row.pk)
        free = sum(c.free for c in options[row.pk])
        if seat_id is not None:
            plan.append(Placement(row, by_id[seat_id]))
        elif not free:
            nobody = _("该时段 {count} 位坐席均已约或未排班。").format(count=len(options[row.pk]))
            plan.append(Placement(row, None, nobody, NEXT_STEP))
        elif row.pk in (chosen or {}):
            plan.append(Placement(row, None, SeatNotFree.message, _("请选择其他坐席。")))
        elif at_random:
            too_few = _("该时段空闲坐席不足，已分给其他预约。")
            plan.append(Placement(row, None, too_few, NEXT_STEP))
        else:
            plan.append(Placement(row, None, _("未选择坐席。"), _("请选择坐席。")))
    return plan


def reassign(pairs: Mapping[int, int], *, actor: Actor) -> list[Placement]:
    """Apply what was previewed: appointment -> seat. Each stands or falls by itself.

    What has changed since the preview is not placed and says why; nothing else suffers.
    """
    done: list[Placement] = []
    for appointment_id, seat_id in sorted(pairs.items()):
        try:
            row = _reassign_one(appointment_id, seat_id, actor=actor)
        except DomainError as refusal:
            row = Appointment.objects.select_related("task", "seat__user").get(pk=appointment_id)
            done.append(Placement(row, None, refusal.text, NEXT_STEP))
        else:
            done.append(Placement(row, row.seat))
    return done


@transaction.atomic
def _reassign_one(appointment_id: int, seat_id: int, *, actor: Actor) -> Appointment:
    """Both seats in order, then task, then appointment; then ask again what the preview asked."""
    seen = Appointment.objects.get(pk=appointment_id)
    locked = {pk: seats.lock_seat(pk) for pk in sorted({seen.seat_id, seat_id})}
    task = lock_task(seen.task_id)
    row = lock_appointment(appointment_id)
    if row.seat_id == seat_id:
        return row  # said twice is said once
    if (
        row.seat_id not in locked
        or row.state != AppointmentState.BOOKED
        or task.calls.filter(state__in=RUNNING).exists()
        or not open_appointments().filter(pk=row.pk).exists()
    ):
        raise NotReassignable
    if not any(c.seat.pk == seat_id and c.free for c in candidates_for(row)):
        raise SeatNotFree
    before = locked[row.seat_id]
    row.seat = locked[seat_id]
    try:
        with transaction.atomic():
            row.save(update_fields=["seat"])
    except IntegrityError as error:
        raise SeatNotFree from error
    row.task = task
    assign_task(row, row.seat)
    audit.record(
        "appointment.reassigned",
        actor=actor,
        object_type="appointment",
        object_id=row.pk,
        chain=audit.interview_chain(row.task_id),
        before=before.staff_no,
        after=row.seat.staff_no,
    )
    publish_news(row, "reassigned")
    faultpoint("appointment.reassigned")
    for changed in (before, row.seat):
        push(seat_group(changed.pk), "seat.changed")
    return row


@transaction.atomic
def disable_seat(seat_id: int, *, actor: Actor) -> None:
    """停用 (SEAT-2). Raises SeatHasAppointments (facts.count) until they were moved, SeatSignedIn.

    Who books takes the seat's row first too: nothing is booked behind this back.
    """
    seats.lock_seat(seat_id)
    count = open_appointments().filter(seat_id=seat_id).count()
    if count:
        raise SeatHasAppointments(count=count)
    seats.disable_seat(seat_id, actor=actor)


def give_up_seat(user: User, *, actor: Actor) -> None:
    """A person who leaves, or no longer takes calls, has no seat that could be booked.

    Raises SeatHasAppointments and SeatSignedIn as disabling the seat does.
    """
    seat = Seat.objects.filter(user=user, enabled=True).first()
    if seat is not None:
        disable_seat(seat.pk, actor=actor)
