"""From the booking in 移动营销 to the reverse flow: what the bank's apps set going (MM-1, APP-3, CRD-2…5)."""

import datetime as dt
import json
from collections.abc import Mapping
from uuid import UUID

from django.db import transaction

from appointments import services as appointments
from appointments.models import Appointment
from appointments.selectors import current_appointment
from appointments.states import AppointmentState
from audit import services as audit
from common.actor import Actor
from common.errors import NotFound
from credit_bridge import proposals
from credit_bridge.errors import (
    AlreadyBooked,
    InProvince,
    LoanDisbursed,
    PrimaryOnly,
    ProposalEmpty,
    TaskSettled,
    WrongStep,
)
from credit_bridge.models import LoanProposal
from credit_bridge.ports import CaseDetails
from credit_bridge.selectors import bank, bookable_seat, proposal_changes
from credit_bridge.states import Node
from interviews import services as interviews
from interviews.models import Call, InterviewTask, Party
from interviews.states import CustomerType, PartyRole, TaskState
from outbox import services as outbox
from outbox.models import OVER, OutboxMessage
from outbox.services import publish
from seats import services as seats
from seats.models import Seat


def _draft(case: CaseDetails, staff_no: str = "") -> interviews.TaskDraft:
    primary = next(
        party for party in case.parties if PartyRole.PRIMARY_BORROWER in party.role_codes
    )
    return interviews.TaskDraft(
        contract_no=case.contract_no,
        product_code=case.product_code,
        product_name=case.loan.product_name,
        customer_name=primary.name,
        parties=tuple(
            interviews.PartyDraft(
                name=party.name,
                phone=party.phone,
                id_no=party.id_no,
                roles=party.role_codes,
                id_type=party.id_type,
                marital_status=party.marital_status,
                relation=party.relation,
                property_location=party.property_location,
            )
            for party in case.parties
        ),
        channel_code=case.channel_code,
        applied_on=case.applied_on,
        loan_amount=case.loan.amount,
        property_province=case.property_province,
        property_city=case.property_city,
        property_county=case.property_county,
        property_address=case.property_address,
        manager_no=case.manager_no,
        manager_name=case.manager_name,
        seat_staff_no=staff_no,
        case_ref=case.case_no,
        customer_type=_customer_type(case.customer_type),
    )


def _customer_type(told: str) -> CustomerType:
    """A word that we do not know must not stop an interview."""
    return CustomerType(told) if told in CustomerType.values else CustomerType.ORDINARY


def draft_of(contract_no: str) -> interviews.TaskDraft:
    """The task a case would get, from what the credit system knows of it."""
    return _draft(bank().case_details(contract_no))


def submit_interview(
    contract_no: str, *, staff_no: str, start: dt.datetime, actor: Actor
) -> Appointment:
    """提交面谈 (MM-1): the seat and the time; the task keyed by the contract comes with it (CRD-2).

    The credit system is asked before the transaction begins. Raises InProvince, WrongStep,
    AlreadyBooked, TaskSettled, SeatUnknown, VideoNotAllowed and what `appointments.book` raises;
    nothing is left behind then.
    """
    case = bank().case_details(contract_no)
    if case.in_province:
        raise InProvince
    if case.node != Node.INTERVIEW:
        raise WrongStep
    return _book_case(case, bookable_seat(staff_no), start, actor)


@transaction.atomic
def _book_case(case: CaseDetails, seat: Seat, start: dt.datetime, actor: Actor) -> Appointment:
    """Seat, then task. Two submissions of a new case meet at the task's unique key."""
    seats.lock_seat(seat.pk)
    task = (
        InterviewTask.objects.select_for_update(of=("self",), no_key=True)
        .filter(contract_no=case.contract_no, superseded_at=None)
        .first()
    )
    if task is None:
        task = interviews.create_task(_draft(case, seat.staff_no), actor=actor)
    elif task.state != TaskState.PENDING:
        raise TaskSettled
    booked = Appointment.objects.filter(task=task, state=AppointmentState.BOOKED).first()
    if booked is not None and (booked.seat_id, booked.bounds[0]) != (seat.pk, start):
        raise AlreadyBooked
    return appointments.book(task.pk, seat_id=seat.pk, start=start, actor=actor)


def reverse(contract_no: str, *, reason: str, actor: Actor) -> InterviewTask:
    """The case came back to 面谈: the next generation, whatever the old one was doing (CRD-5).

    The old task stays readable; what it left running is ended by its message. The new one waits for
    the manager's booking. Raises LoanDisbursed, InProvince.
    """
    case = bank().case_details(contract_no)
    if case.node == Node.DISBURSED:
        raise LoanDisbursed
    if case.in_province:
        raise InProvince
    with transaction.atomic():
        task = interviews.create_task(_draft(case), actor=actor)
        audit.record(
            "task.reversed",
            actor=actor,
            object_type="task",
            object_id=task.pk,
            chain=audit.interview_chain(task.pk),
            generation=task.generation,
            reason=reason[:200],
        )
    return task


def reschedule(
    task_id: UUID, *, party_id: UUID, start: dt.datetime, staff_no: str = "", actor: Actor
) -> Appointment:
    """改约 (APP-3): only the time, only by the primary borrower; the seat stays.

    Raises NotFound, PrimaryOnly and what `appointments.move` raises.
    """
    party = Party.objects.filter(pk=party_id, task_id=task_id, task__superseded_at=None).first()
    if party is None:
        raise NotFound
    if PartyRole.PRIMARY_BORROWER not in party.roles:
        raise PrimaryOnly
    old = current_appointment(task_id)
    seat_id = bookable_seat(staff_no).pk if staff_no or old is None else old.seat_id
    return appointments.move(task_id, seat_id=seat_id, start=start, actor=actor)


@transaction.atomic
def propose_loan(task_id: UUID, changes: Mapping[str, str], *, actor: Actor) -> LoanProposal:
    """Keep what was changed in the interview and tell the credit system (WB-14).

    `changes` are fields of LoanDetails with the new values as text. Raises ProposalEmpty,
    ProposalWrong, TaskClosed; nothing is stored then.
    """
    values = {name: str(value) for name, value in proposals.parsed(changes).items()}
    if not values:
        raise ProposalEmpty
    task = interviews.lock_task(task_id)
    interviews.require_open(task)
    row = LoanProposal.objects.create(
        task=task, changes=json.dumps(values, ensure_ascii=False), proposed_by=actor.name
    )
    audit.record(
        "loan.proposed",
        actor=actor,
        object_type="task",
        object_id=task.pk,
        chain=audit.interview_chain(task.pk),
        fields=sorted(values),
    )
    publish("loan.proposed", key=task.contract_no, proposal_id=row.pk)
    return row


@transaction.atomic
def change_loan(task_id: UUID, field: str, text: str, *, actor: Actor) -> LoanProposal | None:
    """Change one field of the proposal; the others stay as they were proposed (WB-14).

    None when nothing changes. Raises ProposalWrong, TaskClosed.
    """
    interviews.lock_task(task_id)  # two changes at once: neither is lost
    before = proposal_changes(task_id)
    value = str(proposals.parsed({field: text})[field])
    if before.get(field) == value:
        return None
    return propose_loan(task_id, {**before, field: value}, actor=actor)


@transaction.atomic
def hurry_proposals(task_id: UUID, *, actor: Actor) -> int:
    """重试: what could not be delivered is due now. How many changes wait. Raises CaseUnknown."""
    task = InterviewTask.objects.get(pk=task_id)
    waiting = OutboxMessage.objects.filter(topic="loan.proposed", key=task.contract_no).exclude(
        state__in=OVER
    )
    count = sum(outbox.requeue(message.pk) for message in waiting)
    audit.record(
        "loan.retried",
        actor=actor,
        object_type="task",
        object_id=task.pk,
        chain=audit.interview_chain(task.pk),
        waiting=count,
    )
    return count


def decide_proposal(contract_no: str, proposal_id: str, *, accept: bool, actor: Actor) -> None:
    """确认方案 or 改回原方案 (MM-1). Raises ProposalGone."""
    bank().decide_proposal(contract_no, proposal_id, accept)
    _note("loan.confirmed" if accept else "loan.refused", contract_no, actor, proposal=proposal_id)


def submit_contract(contract_no: str, *, actor: Actor) -> None:
    """提交合同信息, in-province. Raises WrongStep."""
    bank().submit_contract(contract_no)
    _note("case.contract_submitted", contract_no, actor)


def submit_signing(contract_no: str, *, actor: Actor) -> None:
    """提交面签. Raises NotPassed, ProposalUndecided (MM-1)."""
    bank().submit_signing(contract_no)
    _note("case.signing_submitted", contract_no, actor)


def advance_node(contract_no: str, node: str, *, actor: Actor) -> None:
    """A clerk of the credit system notes the next node: 公证, 已出他证, 放款 (CRD-1)."""
    bank().reach_node(contract_no, node)
    _note("case.node_reached", contract_no, actor, node=node)


def _note(action: str, contract_no: str, actor: Actor, **facts: str) -> None:
    """The bank's own change, noted after it said yes."""
    audit.record(action, actor=actor, object_type="case", object_id=contract_no, **facts)


@transaction.atomic
def resend_sms(contract_no: str, party_id: UUID, *, actor: Actor) -> None:
    """核对号码并重发: the invitation again to one party of the task in force. Raises NotFound."""
    party = (
        Party.objects.filter(pk=party_id, task__contract_no=contract_no, task__superseded_at=None)
        .select_related("task")
        .first()
    )
    if party is None or current_appointment(party.task_id) is None:
        raise NotFound
    audit.record(
        "sms.again",
        actor=actor,
        object_type="party",
        object_id=party.pk,
        chain=audit.interview_chain(party.task_id),
    )
    publish("sms.again", key=contract_no, party_id=str(party.pk))


def note_image_opened(call: Call, image_id: str, *, actor: Actor) -> None:
    """What was seen is audited, too (WB-20)."""
    audit.record(
        "image.opened",
        actor=actor,
        object_type="image",
        object_id=image_id,
        chain=audit.interview_chain(call.task_id),
    )
