"""What a customer may know: the task, the place in the line, the call, and how it ended."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from channels_admin.selectors import service_types
from common.actor import Actor, ActorKind
from common.clock import unix_ms
from common.masking import mask_name
from credit_bridge.recognition import CONSENTS, consent_version
from credit_bridge.selectors import loan_lines, recognition_kinds
from interviews.models import Call, InterviewTask, Participant, TimelineEvent
from interviews.policy import video_limits
from interviews.selectors import (
    call_view,
    card_for,
    connected_leg,
    open_leg,
    parties_not_interviewed,
    still_for,
)
from parameters.selectors import value_of
from queueing.selectors import place_in_line, request_view
from scripts_mgmt.selectors import script_for

from . import policy
from .models import CallToken
from .states import Phase, phase_of

MESSAGES_SHOWN = 50


def actor_of(token: CallToken, ip: str = "") -> Actor:
    """The party as the subject of audit entries: an id, never a name."""
    return Actor(ActorKind.PARTY, str(token.party_id), ip=ip)


def session_view(token: CallToken) -> dict[str, Any]:
    """Everything a client needs before the call; the same after admission and after a reload."""
    task, party = token.task, token.party
    switched = options(token)
    open_types = service_types(token.channel_code, task.product_code)
    if task.business_type and task.business_type not in open_types:
        open_types = [task.business_type, *open_types]
    chosen = token.business_type or task.business_type
    return {
        "purpose": token.purpose,
        "options": switched,
        "expires_at": token.expires_at,
        "party": {"id": str(party.pk), "name": party.name, "roles": party.role_labels},
        "task": {
            "id": str(task.pk),
            "contract_no": task.contract_no,
            "product_name": task.product_name,
            "state": task.state,
        },
        "bring": _to_bring(token, chosen),
        "service_types": open_types,
        "service_type": chosen or (open_types[0] if len(open_types) == 1 else ""),
        "consent": consent_view(token, rescue=switched["local_rescue"]),
        "labels": labels(token),
        "ice_servers": settings.ICE_SERVERS,
        # The seat and everybody else, the share, the play-out, a supervisor.
        "remote_slots": min(8, task.parties.count()) + 3,
        "video": video_limits(task),
        "heartbeat_s": policy.HEARTBEAT_S,
        "reconnect_window_s": value_of(
            "reconnect_window_s", channel_code=token.channel_code, product_code=task.product_code
        ),
    }


def _to_bring(token: CallToken, business_type: str) -> list[str]:
    """What the customer should have at hand: as the script of the interview says, or the usual."""
    script = script_for(token.channel_code, token.task.product_code, business_type)
    return (script.things_to_bring if script else []) or [str(thing) for thing in policy.TO_BRING]


def consent_view(token: CallToken, *, rescue: bool) -> dict[str, Any]:
    """The notice in force for the token, and whether the party agreed to this version."""
    version = policy.consent_version(rescue=rescue)
    agreed = token.party.consents.filter(text_version=version).exists()
    return policy.consent_text(rescue=rescue) | {"agreed": agreed}


def options(token: CallToken) -> dict[str, Any]:
    """What is switched on for the token's channel and product; nothing of the rest is loaded."""

    def setting(key: str) -> int:
        return value_of(key, channel_code=token.channel_code, product_code=token.task.product_code)

    return {
        "network_test_s": setting("network_test_s"),
        "queue_display": bool(setting("queue_display")),
        "face_reminder": bool(setting("face_reminder")),
        "follow_position": bool(setting("follow_position")),
        "rating": bool(setting("rating")),
        "local_rescue": bool(setting("local_rescue")),
        "recognition": recognition_view(token),
    }


def recognition_view(token: CallToken) -> list[dict[str, Any]]:
    """Kinds of recognition in use, with the consent each needs and whether it was given (SDK-10)."""
    kinds = recognition_kinds(channel_code=token.channel_code, product_code=token.task.product_code)
    agreed = set(token.party.consents.values_list("text_version", flat=True)) if kinds else set()
    rows = []
    for kind in kinds:
        title, text, alternative = CONSENTS[kind]
        version = consent_version(kind)
        rows.append(
            {
                "kind": kind,
                "text_version": version,
                "title": str(title),
                "text": str(text),
                "alternative": str(alternative),
                "agreed": version in agreed,
            }
        )
    return rows


def labels(token: CallToken) -> dict[str, Any]:
    """SDK-6: what is written over the customer's picture."""
    gps = None
    if token.latitude is not None and token.longitude is not None:
        gps = {"latitude": float(token.latitude), "longitude": float(token.longitude)}
    return {
        "server_time_unix_ms": unix_ms(timezone.now()),
        "product": token.task.product_name,
        "bank": settings.BANK_NAME,
        "gps": gps,
    }


def place_of(token: CallToken) -> Participant | None:
    """The party's latest place in a call of the task: the one to return to, or that has ended."""
    return (
        Participant.objects.filter(party_id=token.party_id, call__task_id=token.task_id)
        .select_related("call")
        .order_by("-call__number")
        .first()
    )


def place_in(token: CallToken, call_id: UUID) -> Participant | None:
    """The party's own place in that call of its task."""
    return (
        Participant.objects.filter(
            party_id=token.party_id, call_id=call_id, call__task_id=token.task_id
        )
        .select_related("call")
        .first()
    )


def open_leg_of(token: CallToken) -> str | None:
    """The media connection of the party that a socket which comes back speaks of (SDK-6)."""
    place = place_of(token)
    return open_leg(place.pk) if place else None


def state_view(token: CallToken) -> dict[str, Any]:
    """The snapshot a customer's socket sends: always whole, never a difference."""
    line = request_view(token.request_id) if token.request_id else None
    if line is not None and line["state"] == "WAITING" and options(token)["queue_display"]:
        line["queue"] = place_in_line(UUID(line["request_id"]))
    place = place_of(token) if _knows_a_call(token, line) else None
    call = call_view(place.call_id, for_seat=False) if place else None
    phase = phase_of(
        line["state"] if line else None,
        place.call.state if place else None,
        place.state if place else None,
    )
    return {
        "phase": phase.value,
        "request": line,
        "call": call,
        "participant_id": str(place.pk) if place else None,
        "leg_id": connected_leg(place.pk) if place else None,
        "labels": labels(token),
        **(_shown(place) if place else _NOTHING_SHOWN),
        "ended": ended_view(place.call, token) if place and phase is Phase.ENDED else None,
    }


def _knows_a_call(token: CallToken, line: dict[str, Any] | None) -> bool:
    """An earlier interview of the same party is over and done with: it is not this session's."""
    return token.participant_id is not None or bool(line and line["state"] == "CONNECTED")


_NOTHING_SHOWN: dict[str, Any] = {
    "messages": [],
    "script": None,
    "guide": None,
    "card": None,
    "still": None,
}


def _shown(place: Participant) -> dict[str, Any]:
    """What the seat put on the customer's screen, out of the call's timeline."""
    call = place.call
    told = list(
        call.events.filter(kind="chat")
        .select_related("participant")
        .order_by("-at_ms", "-created_at")[:MESSAGES_SHOWN]
    )
    script = _latest(call, "script_step")
    guide = _latest(call, "guide_frame")
    return {
        "messages": [
            {
                "id": str(event.pk),
                "at_ms": event.at_ms,
                "participant_id": str(event.participant_id) if event.participant_id else None,
                "text": str(event.payload.get("text", "")),
            }
            for event in reversed(told)
        ],
        "script": script.payload.get("text") if script else None,
        "guide": guide.payload.get("frame") if guide else None,
        "card": card_for(place) if call.is_running else None,
        "still": still_for(place) if call.is_running else None,
    }


def _latest(call: Call, kind: str) -> TimelineEvent | None:
    return call.events.filter(kind=kind).order_by("-at_ms", "-created_at").first()


def ended_view(call: Call, token: CallToken) -> dict[str, Any]:
    """SDK-8: the completion message with what to keep and who is still to come."""
    missing = parties_not_interviewed(InterviewTask.objects.get(pk=token.task_id))
    return {
        "message": str(policy.COMPLETION),
        "receipt_no": receipt_no(call),
        "product_name": token.task.product_name,
        "started_unix_ms": unix_ms(call.live_at or call.clock_started_at),
        "ended_unix_ms": unix_ms(call.ended_at) if call.ended_at else None,
        "missing": [
            {"name": mask_name(party.name), "roles": party.role_labels} for party in missing
        ],
    }


def contract_view(token: CallToken) -> dict[str, Any]:
    """The contract as the customer reads it (SDK-4). Raises CreditUnavailable."""
    return {"contract_no": token.task.contract_no, "lines": loan_lines(token.task_id)}


def receipt_no(call: Call) -> str:
    """`MT 261124 3F2A9C01`: the day and eight digits of the call's id, enough to find it again."""
    day = timezone.localtime(call.clock_started_at).strftime("%y%m%d")
    return f"MT {day} {UUID(str(call.pk)).hex[:8].upper()}"
