"""对账: our tasks against the credit system's, once a day and on demand (design §6)."""

import datetime as dt
from collections.abc import Iterator

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from appointments.models import Appointment
from audit import services as audit
from common.actor import SYSTEM, Actor
from common.errors import DomainError
from credit_bridge.models import Difference, Reconciliation
from credit_bridge.ports import KnownState
from credit_bridge.selectors import HANDLERS, bank
from interviews.models import InterviewTask
from outbox.models import OVER, MessageState, OutboxMessage

BATCH = 500
LOOK_BACK = dt.timedelta(days=7)  # settled tasks are looked at as long


def reconcile(*, actor: Actor) -> Reconciliation:
    """Compare every task that is pending or was settled lately; the differences are the report.

    A difference whose message is still on its way says so. When the bank cannot be reached the run
    says why and how far it came.
    """
    run = Reconciliation.objects.create(
        day=timezone.localdate(),
        asked_by=actor.name,
        parked=OutboxMessage.objects.filter(
            handler__in=HANDLERS, state=MessageState.PARKED
        ).count(),
    )
    try:
        for tasks in _batches():
            theirs = {
                known.contract_no: known
                for known in bank().known_states([task.contract_no for task in tasks])
            }
            _compare(run, tasks, theirs)
    except DomainError as away:
        run.trouble = away.text[:120]
    with transaction.atomic():
        run.finished_at = timezone.now()
        run.save()
        audit.record(
            "credit.reconciled",
            actor=actor,
            object_type="reconciliation",
            object_id=run.pk,
            compared=run.compared,
            differences=run.differences.count(),
            trouble=run.trouble,
        )
    return run


def reconcile_once_a_day() -> bool:
    """The day's run, unless it was completed before. True when it ran."""
    done = Reconciliation.objects.filter(
        day=timezone.localdate(), asked_by=SYSTEM.name, trouble="", finished_at__isnull=False
    )
    if done.exists():
        return False
    reconcile(actor=SYSTEM)
    return True


def _batches() -> Iterator[list[InterviewTask]]:
    found = InterviewTask.objects.filter(superseded_at=None, rehearsal=False).filter(
        Q(settled_at=None) | Q(settled_at__gte=timezone.now() - LOOK_BACK)
    )
    last = ""
    while batch := list(found.filter(contract_no__gt=last).order_by("contract_no")[:BATCH]):
        yield batch
        last = batch[-1].contract_no


def _compare(
    run: Reconciliation, tasks: list[InterviewTask], theirs: dict[str, KnownState]
) -> None:
    appointments: dict[object, Appointment] = {}
    for row in (
        Appointment.objects.filter(task__in=tasks).select_related("seat__user").order_by("pk")
    ):
        appointments[row.task_id] = row  # the latest one
    moving = set(
        OutboxMessage.objects.filter(
            handler__in=HANDLERS, key__in=[task.contract_no for task in tasks]
        )
        .exclude(state__in=OVER)
        .values_list("key", flat=True)
    )
    for task in tasks:
        for field, ours, other in _differences(
            task, appointments.get(task.pk), theirs.get(task.contract_no)
        ):
            Difference.objects.create(
                reconciliation=run,
                contract_no=task.contract_no,
                field=field,
                ours=ours[:120],
                theirs=other[:120],
                on_its_way=task.contract_no in moving,
            )
    run.compared += len(tasks)


def _differences(
    task: InterviewTask, appointment: Appointment | None, known: KnownState | None
) -> Iterator[tuple[str, str, str]]:
    if known is None:
        yield "generation", str(task.generation), ""
        return
    if known.generation != task.generation:
        yield "generation", str(task.generation), str(known.generation)
        return
    if known.state != task.state:
        yield "state", task.state, known.state
    if tuple(task.reasons) != tuple(known.reasons):
        yield "reasons", "；".join(task.reasons), "；".join(known.reasons)
    ours = ("", "", "")
    if appointment is not None:
        start = timezone.localtime(appointment.bounds[0])
        ours = (f"{start:%Y-%m-%d %H:%M}", appointment.seat.staff_no, appointment.state)
    start_there = timezone.localtime(known.slot_start) if known.slot_start else None
    other = (
        f"{start_there:%Y-%m-%d %H:%M}" if start_there else "",
        known.staff_no,
        known.slot_state,
    )
    for field, mine, there in zip(("slot", "seat", "slot_state"), ours, other, strict=True):
        if mine != there:
            yield field, mine, there
