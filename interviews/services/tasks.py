"""Creating, superseding and settling interview tasks."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from audit import services as audit
from common.actor import Actor
from common.crypto import blind_index
from common.push import call_group, push
from interviews.errors import PartiesMissing, TaskClosed
from interviews.models import Call, Consent, InterviewTask, Party
from interviews.selectors import parties_not_interviewed
from interviews.states import RUNNING, TASK_MACHINE, CustomerType, TaskMove, TaskState
from outbox.services import publish


@dataclass(frozen=True, slots=True)
class PartyDraft:
    """One person of the case; `roles` are PartyRole values."""

    name: str
    phone: str
    id_no: str
    roles: tuple[str, ...]
    id_type: str = "身份证"  # data
    marital_status: str = ""
    relation: str = ""
    property_location: str = ""


@dataclass(frozen=True, slots=True)
class TaskDraft:
    contract_no: str
    product_code: str
    product_name: str
    customer_name: str
    parties: tuple[PartyDraft, ...]
    business_type: str = ""
    channel_code: str = ""
    loan_type: str = ""
    customer_type: str = CustomerType.ORDINARY
    applied_on: dt.date | None = None
    loan_amount: Decimal | None = None
    property_province: str = ""
    property_city: str = ""
    property_county: str = ""
    property_address: str = ""
    manager_no: str = ""
    manager_name: str = ""
    seat_staff_no: str = ""
    case_ref: str = ""
    rehearsal: bool = False


def lock_task(task_id: UUID) -> InterviewTask:
    """The one way to take a task for change; held until the transaction ends."""
    return InterviewTask.objects.select_for_update(of=("self",), no_key=True).get(pk=task_id)


@transaction.atomic
def create_task(draft: TaskDraft, *, actor: Actor) -> InterviewTask:
    """A task for the contract's next generation; the current one, if any, is superseded (CRD-5).

    People who appear in several roles become one party with all of them (CRD-2).
    """
    supersede_task(draft.contract_no, actor=actor)
    last = InterviewTask.objects.filter(contract_no=draft.contract_no).aggregate(
        last=Max("generation")
    )["last"]
    task = InterviewTask.objects.create(
        contract_no=draft.contract_no,
        generation=(last or 0) + 1,
        product_code=draft.product_code,
        product_name=draft.product_name,
        business_type=draft.business_type,
        channel_code=draft.channel_code,
        loan_type=draft.loan_type,
        customer_name=draft.customer_name,
        customer_type=draft.customer_type,
        applied_on=draft.applied_on,
        loan_amount=draft.loan_amount,
        property_province=draft.property_province,
        property_city=draft.property_city,
        property_county=draft.property_county,
        property_address=draft.property_address,
        manager_no=draft.manager_no,
        manager_name=draft.manager_name,
        seat_staff_no=draft.seat_staff_no,
        case_ref=draft.case_ref,
        rehearsal=draft.rehearsal,
    )
    merged: dict[str, Party] = {}
    for person in draft.parties:
        index = blind_index(person.id_no)
        known = merged.get(index)
        if known is not None:
            known.roles = [*known.roles, *(r for r in person.roles if r not in known.roles)]
            continue
        merged[index] = Party(
            task=task,
            name=person.name,
            phone=person.phone,
            phone_index=blind_index(person.phone),
            id_type=person.id_type,
            id_no=person.id_no,
            id_index=index,
            roles=list(person.roles),
            marital_status=person.marital_status,
            relation=person.relation,
            property_location=person.property_location,
        )
    Party.objects.bulk_create(merged.values())
    audit.record(
        "task.created",
        actor=actor,
        object_type="task",
        object_id=task.pk,
        chain=audit.interview_chain(task.pk),
        contract_no=task.contract_no,
        generation=task.generation,
        parties=len(merged),
    )
    publish("task.created", key=task.contract_no, task_id=str(task.pk))
    return task


@transaction.atomic
def supersede_task(contract_no: str, *, actor: Actor) -> InterviewTask | None:
    """Keep the contract's current task readable and out of the way (CRD-5). In any state."""
    task = (
        InterviewTask.objects.select_for_update(of=("self",), no_key=True)
        .filter(contract_no=contract_no, superseded_at=None)
        .first()
    )
    if task is None:
        return None
    task.superseded_at = timezone.now()
    task.save(update_fields=["superseded_at"])
    audit.record(
        "task.superseded",
        actor=actor,
        object_type="task",
        object_id=task.pk,
        chain=audit.interview_chain(task.pk),
    )
    publish("task.superseded", key=task.contract_no, task_id=str(task.pk))
    for call_id in Call.objects.filter(task=task, state__in=RUNNING).values_list("pk", flat=True):
        push(call_group(call_id), "call.changed")
    return task


@transaction.atomic
def record_consent(
    party_id: UUID, *, text_version: str, actor: Actor, user_agent: str = ""
) -> Consent:
    """The party agrees to being recorded. Saying it twice is saying it once."""
    consent, created = Consent.objects.get_or_create(
        party_id=party_id,
        text_version=text_version,
        defaults={"ip": actor.ip or None, "user_agent": user_agent[:300]},
    )
    if created:
        audit.record(
            "consent.given",
            actor=actor,
            object_type="party",
            object_id=party_id,
            chain=audit.interview_chain(consent.party.task_id),
            text_version=text_version,
        )
    return consent


def require_open(task: InterviewTask) -> None:
    """Raises TaskClosed when the task is settled or superseded."""
    if task.superseded_at is not None or not TASK_MACHINE.allows(task.task_state, TaskMove.PASS):
        raise TaskClosed


def require_passable(task: InterviewTask) -> None:
    """Raises TaskClosed; PartiesMissing while somebody was not interviewed (CRD-4)."""
    require_open(task)
    if missing := parties_not_interviewed(task):
        raise PartiesMissing(names=[party.name for party in missing])


@transaction.atomic
def return_task(task_id: UUID, *, review_id: int) -> InterviewTask:
    """The primary borrower is to book a second interview (QC-3), if the task is still open."""
    task = lock_task(task_id)
    if task.superseded_at is None and task.state == TaskState.PENDING:
        task.returns += 1
        task.save(update_fields=["returns"])
        publish(
            "review.returned", key=task.contract_no, task_id=str(task.pk), review_id=str(review_id)
        )
    return task


@transaction.atomic
def settle_task(
    task_id: UUID, *, passed: bool, actor: Actor, reasons: list[str] | None = None
) -> InterviewTask:
    """Move a pending task to its end and tell the credit system (WB-10, QC-2).

    Raises TaskClosed when it was superseded or settled before; nothing changes then.
    """
    task = lock_task(task_id)
    require_open(task)
    move = TaskMove.PASS if passed else TaskMove.REJECT
    task.state = TASK_MACHINE.after(task.task_state, move)
    task.reasons = [] if passed else list(reasons or [])
    task.settled_at = timezone.now()
    task.save(update_fields=["state", "reasons", "settled_at"])
    audit.record(
        "task.settled",
        actor=actor,
        object_type="task",
        object_id=task.pk,
        chain=audit.interview_chain(task.pk),
        state=task.state,
        reasons=task.reasons,
    )
    publish(
        "task.state_changed",
        key=task.contract_no,
        task_id=str(task.pk),
        contract_no=task.contract_no,
        generation=task.generation,
        state=task.state,
        reasons=task.reasons,
    )
    return task
