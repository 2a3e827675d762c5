"""News of interviews for the credit system."""

from typing import Any
from uuid import UUID

from interviews.models import InterviewTask
from outbox.registry import handles

from .ports import StateMessage
from .selectors import credit


@handles("task.state_changed")
def tell_credit_system(message_id: str, payload: dict[str, Any]) -> None:
    """CRD-3: states and reasons out, in order per contract, once each."""
    task = InterviewTask.objects.get(pk=UUID(payload["task_id"]))
    if task.rehearsal:
        return
    credit().send_state(
        StateMessage(
            message_id=message_id,
            contract_no=payload["contract_no"],
            generation=payload["generation"],
            state=payload["state"],
            reasons=tuple(payload["reasons"]),
        )
    )


@handles("task.created")
def tell_new_task(message_id: str, payload: dict[str, Any]) -> None:
    """A task in force is 待面谈 at the credit system until it is settled (CRD-4)."""
    task = InterviewTask.objects.get(pk=UUID(payload["task_id"]))
    if task.rehearsal:
        return
    credit().send_state(StateMessage(message_id, task.contract_no, task.generation, "PENDING", ()))
