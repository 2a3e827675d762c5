"""What an interview looks like from outside."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import DataScope, User
from accounts.selectors import EVERYTHING, scope_of, staff_nos_in_scope, visible
from common.clock import unix_ms
from common.crypto import blind_index

from . import policy
from .models import (
    Call,
    ConfirmAnswer,
    ConfirmCard,
    InterviewTask,
    Leg,
    Participant,
    Party,
    StillRequest,
)
from .states import (
    LIVE_PLAY,
    RUNNING,
    CallState,
    ParticipantRole,
    ParticipantState,
    PlayState,
    StillState,
    TaskState,
)

RECENT_TASKS = 2000


def tasks_in_scope(user: User | AnonymousUser, *operations: str) -> Q:
    """Tasks whose seat - the appointed one, or one that held a call - is in the person's scope.

    A task nobody is appointed for is in the common line: who sees an institution sees it, too.
    """
    staff_nos = staff_nos_in_scope(user, *operations)
    if staff_nos is None:
        return EVERYTHING
    held = Call.objects.filter(visible(user, *operations, owner="seat__user"))
    found = Q(seat_staff_no__in=staff_nos) | Q(pk__in=held.values("task_id"))
    if scope_of(user, *operations) == DataScope.INSTITUTION:
        found |= Q(seat_staff_no="", calls=None)
    return found


def calls_with_part_of(user: User) -> QuerySet[Call]:
    """Calls the person interviewed in, or joined as a supervisor: no case for the own judgement."""
    joined = Participant.objects.filter(user=user, silent=False)
    return Call.objects.filter(Q(seat__user=user) | Q(pk__in=joined.values("call")))


def people_with_part_in(call: Call) -> set[int]:
    """Primary keys of those of whom the call is in `calls_with_part_of`."""
    joined = call.participants.filter(silent=False, user__isnull=False)
    return {call.seat.user_id, *joined.values_list("user_id", flat=True)}


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


def calls_by_contract(contract_nos: Collection[str]) -> dict[str, int]:
    """How often each of these cases was called before, over all its tasks."""
    rows = Call.objects.filter(task__contract_no__in=contract_nos)
    return dict(rows.values_list("task__contract_no").annotate(count=Count("pk")))


def earlier_calls(contract_no: str) -> QuerySet[Call]:
    """Of the case, the latest first, with seat."""
    rows = Call.objects.filter(task__contract_no=contract_no).select_related("seat__user")
    return rows.order_by("-clock_started_at")


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


def connected_leg(participant_id: UUID) -> str | None:
    """The connection that is up for the place, whichever device made it."""
    leg = Leg.objects.filter(
        participant_id=participant_id, closed_at=None, connected_at__isnull=False
    ).first()
    return str(leg.pk) if leg else None


def open_leg(participant_id: UUID) -> str | None:
    """The place's connection that was not closed, be it up or only on its way."""
    leg = Leg.objects.filter(participant_id=participant_id, closed_at=None).first()
    return str(leg.pk) if leg else None


def open_leg_of_seat(call_id: UUID | str) -> str | None:
    """As `open_leg`, of the seat's place in the call."""
    leg = Leg.objects.filter(
        participant__call_id=call_id, participant__role=ParticipantRole.SEAT, closed_at=None
    ).first()
    return str(leg.pk) if leg else None


def call_view(call_id: UUID, *, for_seat: bool) -> dict[str, Any]:
    """The call as its sockets show it. Customers see names of the others, not case data."""
    call = Call.objects.select_related("task", "seat__user").get(pk=call_id)
    task = call.task
    places = [
        place
        for place in call.participants.select_related("party", "user", "call__seat__user").order_by(
            "role", "joined_at", "pk"
        )
        if place.role != ParticipantRole.SUPERVISOR or place.state != ParticipantState.LEFT
    ]
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
        "recording_on": call.recording_on,
        "share": _share_view(call),
        "playout": _play_view(call),
        "participants": [_participant_view(p) for p in places if not p.silent],
        # Who listens is no tile; a customer learns of it as the parameter says.
        "listeners": [_participant_view(p) for p in places if p.silent and (for_seat or p.told)],
    }
    if for_seat:
        view |= {
            "contract_no": task.contract_no,
            "generation": task.generation,
            "task_state": task.state,
            "task_state_label": str(TaskState(task.state).label),
            "records_by_hand": policy.records_by_hand(task),
            "deserted_until_unix_ms": (
                unix_ms(call.deserted_until) if call.deserted_until else None
            ),
            "superseded": task.superseded_at is not None,
            "verdict": call.verdict,
            "card": _card_view(call),
            "stills": _stills_view(call),
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


def card_for(place: Participant) -> dict[str, Any] | None:
    """The card that lies before a customer, with his own answer."""
    card = ConfirmCard.objects.filter(call=place.call, withdrawn_at=None).first()
    if card is None:
        return None
    answer = ConfirmAnswer.objects.filter(card=card, participant=place).first()
    return {
        "id": str(card.pk),
        "title": card.title,
        "lines": card.lines,
        "sha256": card.sha256,
        "accepted": answer.accepted if answer else None,
    }


def still_for(place: Participant) -> dict[str, Any] | None:
    """The picture a customer is asked for."""
    asked = StillRequest.objects.filter(participant=place, state=StillState.ASKED).first()
    if asked is None:
        return None
    return {"id": str(asked.pk), "kind": asked.kind, "kind_label": asked.get_kind_display()}


def _card_view(call: Call) -> dict[str, Any] | None:
    """The card as the seat sees it, with everybody's answer."""
    card = ConfirmCard.objects.filter(call=call).order_by("-created_at").first()
    if card is None:
        return None
    return {
        "id": str(card.pk),
        "title": card.title,
        "lines": card.lines,
        "sha256": card.sha256,
        "at_ms": card.at_ms,
        "shown": card.withdrawn_at is None,
        "answers": [
            {
                "participant_id": str(answer.participant_id),
                "accepted": answer.accepted,
                "at_ms": answer.at_ms,
            }
            for answer in card.answers.order_by("at_ms")
        ],
    }


def _stills_view(call: Call) -> list[dict[str, Any]]:
    """Pictures asked of customers' cameras in this call, newest first."""
    return [
        {
            "id": str(row.pk),
            "participant_id": str(row.participant_id),
            "kind_label": row.get_kind_display(),
            "state": row.state,
            "state_label": row.get_state_display(),
            "failure": row.failure,
            "received_bytes": row.received_bytes,
            "total_bytes": row.total_bytes,
        }
        for row in call.still_requests.order_by("-asked_at")[:5]
    ]


def _share_view(call: Call) -> dict[str, Any] | None:
    share = call.events.filter(kind="share", until_ms=None).first()
    return {"title": share.payload["title"], "at_ms": share.at_ms} if share else None


def _play_view(call: Call) -> dict[str, Any] | None:
    play = call.play_outs.filter(state__in=LIVE_PLAY).first()
    if play is None:
        return None
    return {
        "id": str(play.pk),
        "title": play.title,
        "state": play.state,
        "state_label": _("客户不在场，已暂停") if play.held else str(PlayState(play.state).label),
        "no_skip": play.no_skip,
        "position_ms": play.position_ms,
        "duration_ms": play.duration_ms,
    }


def _in_order(parties: Iterable[Party]) -> list[Party]:
    """The primary borrower first."""
    return sorted(parties, key=lambda party: ("PRIMARY_BORROWER" not in party.roles, party.name))


def _participant_view(place: Participant) -> dict[str, Any]:
    staff = place.user or (place.call.seat.user if place.role == ParticipantRole.SEAT else None)
    return {
        "id": str(place.pk),
        "role": place.role,
        "name": place.name,
        "staff_no": staff.staff_no if staff else None,
        "party_id": str(place.party_id) if place.party_id else None,
        "party_roles": place.party.role_labels if place.party else [],
        "state": place.state,
        "muted": place.muted,
        "reconnect_until_unix_ms": (
            unix_ms(place.reconnect_until)
            if place.state == ParticipantState.LOST and place.reconnect_until
            else None
        ),
    }


def _party_view(party: Party) -> dict[str, Any]:
    return {
        "id": str(party.pk),
        "name": party.name,
        "roles": party.role_labels,
        "interviewed": party.interviewed_at is not None,
    }


def products_of_latest_tasks() -> dict[str, str]:
    """Code → name: there is no table of products on our side."""
    recent = InterviewTask.objects.filter(rehearsal=False).order_by("-created_at", "id")
    pairs = recent.values_list("product_code", "product_name")[:RECENT_TASKS]
    return dict(sorted(set(pairs)))
