"""What an interview looks like from outside."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from common.clock import unix_ms
from common.crypto import blind_index

from .models import Call, InterviewTask, Participant, Party
from .states import RUNNING, CallState, ParticipantRole, TaskState


def current_tasks_for_phone(phone: str) -> list[Party]:
    """The parties this phone number stands for in tasks that are in force, newest first."""
    return list(
        Party.objects.filter(phone_index=blind_index(phone), task__superseded_at=None)
        .select_related("task")
        .order_by("-task__created_at")
    )


def live_call_of(task_id: UUID) -> Call | None:
    return Call.objects.filter(task_id=task_id, state__in=RUNNING).first()


def call_of_seat(seat_id: int) -> Call | None:
    """The call the seat is in, or the one it still has to file."""
    return (
        Call.objects.filter(seat_id=seat_id, state__in=[*RUNNING, CallState.ENDED])
        .select_related("task", "seat__user")
        .order_by("-clock_started_at")
        .first()
    )


def parties_not_interviewed(task: InterviewTask) -> list[Party]:
    """CRD-4: the task stays PENDING as long as this is not empty."""
    return list(task.parties.filter(interviewed_at=None).order_by("name"))


def participant_of_party(party_id: UUID) -> Participant | None:
    """The party's place in a running call."""
    return (
        Participant.objects.filter(party_id=party_id, call__state__in=RUNNING)
        .select_related("call")
        .first()
    )


def call_view(call_id: UUID, *, for_seat: bool) -> dict[str, Any]:
    """The call as its sockets show it. Customers see names of the others, not case data."""
    call = Call.objects.select_related("task", "seat__user").get(pk=call_id)
    task = call.task
    view: dict[str, Any] = {
        "id": str(call.pk),
        "task_id": str(task.pk),
        "state": call.state,
        "state_label": str(call.call_state.label),
        "number": call.number,
        "clock_unix_ms": unix_ms(call.clock_started_at),
        "live_unix_ms": unix_ms(call.live_at) if call.live_at else None,
        "ended_unix_ms": unix_ms(call.ended_at) if call.ended_at else None,
        "end_reason": call.end_reason,
        "product_name": task.product_name,
        "participants": [
            _participant_view(place, call)
            for place in call.participants.select_related("party").order_by(
                "role", "joined_at", "pk"
            )
        ],
    }
    if for_seat:
        view |= {
            "contract_no": task.contract_no,
            "generation": task.generation,
            "task_state": task.state,
            "task_state_label": str(TaskState(task.state).label),
            "superseded": task.superseded_at is not None,
            "verdict": call.verdict,
            "parties": [_party_view(party) for party in _in_order(task.parties.all())],
            "events": [
                {
                    "id": str(event.pk),
                    "kind": event.kind,
                    "at_ms": event.at_ms,
                    "until_ms": event.until_ms,
                    "participant_id": str(event.participant_id) if event.participant_id else None,
                    "payload": event.payload,
                    "by": event.created_by,
                }
                for event in call.events.order_by("at_ms", "created_at")
            ],
            "snapshots": [
                {
                    "id": str(shot.pk),
                    "kind": shot.kind,
                    "kind_label": shot.get_kind_display(),
                    "at_ms": shot.at_ms,
                    "participant_id": str(shot.participant_id),
                    "width": shot.width,
                    "height": shot.height,
                }
                for shot in call.snapshots.filter(deleted_at=None)
            ],
        }
    return view


def _in_order(parties: Iterable[Party]) -> list[Party]:
    """The primary borrower first."""
    return sorted(parties, key=lambda party: ("PRIMARY_BORROWER" not in party.roles, party.name))


def _participant_view(place: Participant, call: Call) -> dict[str, Any]:
    is_seat = place.role == ParticipantRole.SEAT
    return {
        "id": str(place.pk),
        "role": place.role,
        "name": call.seat.user.name if is_seat else (place.party.name if place.party else ""),
        "staff_no": call.seat.user.staff_no if is_seat else None,
        "party_id": str(place.party_id) if place.party_id else None,
        "party_roles": place.party.role_labels if place.party else [],
        "state": place.state,
        "muted": place.muted,
        "reconnect_until_unix_ms": (
            unix_ms(place.reconnect_until) if place.reconnect_until else None
        ),
    }


def _party_view(party: Party) -> dict[str, Any]:
    return {
        "id": str(party.pk),
        "name": party.name,
        "roles": party.role_labels,
        "interviewed": party.interviewed_at is not None,
    }
