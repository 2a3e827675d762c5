"""News of interviews for the credit system."""

from typing import Any
from uuid import UUID

from appointments.models import Appointment
from appointments.selectors import current_appointment
from appointments.states import AppointmentState
from interviews.models import InterviewTask, Party
from interviews.states import PartyRole, TaskState
from outbox.registry import handles

from . import services
from .models import LoanProposal
from .ports import AppointmentMessage, ProposalMessage, Sms, StateMessage
from .selectors import bank
from .sms import Facts, Occasion, text_of

# A lane is a handler and a key: what must not overtake each other at the partner is one handler.


@handles("task.created")
@handles("task.state_changed")
@handles("appointment.booked")
@handles("appointment.moved")
@handles("appointment.reassigned")
@handles("appointment.expired")
@handles("appointment.cancelled")
@handles("appointment.kept")
@handles("loan.proposed")
def tell_credit_system(message_id: str, payload: dict[str, Any]) -> None:
    """CRD-3: states and reasons, times and seats, proposals out; in order per contract, once each."""
    if "appointment_id" in payload:
        _tell_appointment(message_id, payload)
    elif "proposal_id" in payload:
        _tell_proposal(message_id, payload)
    else:
        _tell_state(message_id, payload)


def _sequence(message_id: str) -> int:
    """Messages of a contract are written one after the other: their numbers grow."""
    return int(message_id.rpartition("-")[2])


def _tell_state(message_id: str, payload: dict[str, Any]) -> None:
    """A task in force is 待面谈 there until it is settled (CRD-4)."""
    task = InterviewTask.objects.get(pk=UUID(payload["task_id"]))
    if task.rehearsal:
        return
    bank().send_state(
        StateMessage(
            message_id=message_id,
            contract_no=task.contract_no,
            generation=task.generation,
            state=payload.get("state", TaskState.PENDING),
            reasons=tuple(payload.get("reasons", ())),
            sequence=_sequence(message_id),
        )
    )


def _tell_appointment(message_id: str, payload: dict[str, Any]) -> None:
    appointment = Appointment.objects.select_related("task", "seat__user").get(
        pk=payload["appointment_id"]
    )
    task = appointment.task
    if task.rehearsal:
        return
    start, end = appointment.bounds
    bank().send_appointment(
        AppointmentMessage(
            message_id=message_id,
            sequence=_sequence(message_id),
            contract_no=task.contract_no,
            generation=task.generation,
            staff_no=appointment.seat.staff_no,
            slot_start=start,
            slot_end=end,
            state=OCCASION_STATES.get(payload["occasion"], AppointmentState.BOOKED),
        )
    )


# What the appointment is by the news of it; its row may have gone on since.
OCCASION_STATES = {
    "expired": AppointmentState.EXPIRED,
    "cancelled": AppointmentState.CANCELLED,
    "kept": AppointmentState.KEPT,
}


def _tell_proposal(message_id: str, payload: dict[str, Any]) -> None:
    proposal = LoanProposal.objects.select_related("task").get(pk=payload["proposal_id"])
    if proposal.task.rehearsal:
        return
    bank().send_proposal(
        ProposalMessage(
            message_id=message_id,
            sequence=_sequence(message_id),
            contract_no=proposal.task.contract_no,
            generation=proposal.task.generation,
            changes=proposal.fields,
            proposed_by=proposal.proposed_by,
        )
    )


@handles("appointment.booked")
@handles("appointment.moved")
@handles("appointment.reassigned")
@handles("appointment.expired")
@handles("appointment.cancelled")
@handles("review.returned")
def tell_parties(message_id: str, payload: dict[str, Any]) -> None:
    """MSG-1: everybody of the task, once each, however often the message is delivered."""
    if "review_id" in payload:
        _ask_for_second_interview(message_id, payload)
        return
    appointment = Appointment.objects.select_related("task").get(pk=payload["appointment_id"])
    task = appointment.task
    if task.rehearsal:
        return
    occasion = Occasion(payload["occasion"])
    for party in task.parties.order_by("pk"):
        _send_sms(f"{message_id}/{party.pk}", occasion, party, appointment)


def _ask_for_second_interview(message_id: str, payload: dict[str, Any]) -> None:
    """QC-3: the primary borrower books it himself."""
    task = InterviewTask.objects.get(pk=UUID(payload["task_id"]))
    if task.rehearsal or task.superseded_at is not None or task.state != TaskState.PENDING:
        return
    for party in task.parties.filter(roles__contains=[PartyRole.PRIMARY_BORROWER]):
        _send_sms(message_id, Occasion.RETURNED, party)


@handles("sms.again")
def tell_party_again(message_id: str, payload: dict[str, Any]) -> None:
    """核对号码并重发: the present appointment, to one party whose number was checked (MSG-1)."""
    party = Party.objects.select_related("task").get(pk=UUID(payload["party_id"]))
    appointment = current_appointment(party.task_id)
    if appointment is None or party.task.rehearsal:
        return
    _send_sms(message_id, Occasion.BOOKED, party, appointment)


def _send_sms(
    message_id: str, occasion: Occasion, party: Party, appointment: Appointment | None = None
) -> None:
    task = party.task
    span = appointment.bounds if appointment else None
    facts = Facts(party.name, task.product_name, task.applied_on, span)
    bank().send_sms(
        Sms(
            message_id=message_id,
            phone=party.phone,
            text=text_of(occasion, facts),
            contract_no=task.contract_no,
            party_ref=str(party.pk),
        )
    )


@handles("snapshot.taken")
def recognise_snapshot(message_id: str, payload: dict[str, Any]) -> None:
    """SDK-10, where it is switched on."""
    services.recognise_snapshot(UUID(payload["snapshot_id"]))
