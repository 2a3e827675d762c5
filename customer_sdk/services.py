"""Letting a customer in, and what the customer may do then (SDK-1..SDK-8)."""

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from appointments.selectors import current_appointment, is_within_slot
from audit import services as audit
from channels_admin.admission import Claim, Point
from channels_admin.models import AdmissionAttempt
from channels_admin.selectors import allows_walk_in
from channels_admin.services import admit
from common.actor import Actor
from common.ids import new_token
from common.push import party_group, push
from interviews import services as interviews
from interviews.models import Consent, Participant, Party, TimelineEvent
from interviews.selectors import live_call_of
from interviews.states import ParticipantState, TaskState
from queueing import services as queueing

from . import policy
from .errors import (
    ConsentOutdated,
    NotInCall,
    OutsideSlot,
    ServiceUnknown,
    SessionRefused,
    TaskUnknown,
    TicketRefused,
)
from .models import CallToken, EntryTicket
from .selectors import actor_of, place_of, session_view


@dataclass(frozen=True, slots=True)
class Issued:
    """A secret that exists in clear only in the answer it is sent with."""

    secret: str
    ticket: EntryTicket


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def issue_ticket(
    task_id: UUID,
    *,
    party_id: UUID,
    channel_code: str,
    actor: Actor,
    ttl: timedelta = policy.TICKET_LIFETIME,
) -> Issued:
    """A single-use entry for one party of one task. Raises TaskUnknown."""
    known = Party.objects.filter(
        pk=party_id, task_id=task_id, task__superseded_at=None, task__state=TaskState.PENDING
    )
    if not known.exists():
        raise TaskUnknown
    secret = new_token()
    now = timezone.now()
    ticket = EntryTicket.objects.create(
        secret_sha256=_sha256(secret),
        task_id=task_id,
        party_id=party_id,
        channel_code=channel_code,
        issued_to=actor.name[:60],
        created_at=now,
        expires_at=now + ttl,
    )
    audit.record(
        "ticket.issued",
        actor=actor,
        object_type="ticket",
        object_id=ticket.pk,
        chain=audit.interview_chain(task_id),
        channel=channel_code,
    )
    return Issued(secret, ticket)


def enter(secret: str, told: Claim) -> tuple[str, CallToken]:
    """Admission (SDK-1): a ticket and what the device tells, for a call token.

    Channel, product and phone come from the ticket, not from the device. A refused attempt is
    stored and leaves the ticket good, so that the customer can go where the refusal says. Raises
    TicketRefused, ChannelRefused, PlaceRefused.
    """
    ticket = (
        EntryTicket.objects.select_related("task", "party")
        .filter(secret_sha256=_sha256(secret), used_at=None, expires_at__gt=timezone.now())
        .first()
    )
    if ticket is None or ticket.task.superseded_at is not None:
        raise TicketRefused
    claim = replace(
        told,
        channel_code=ticket.channel_code,
        product_code=ticket.task.product_code,
        phone=ticket.party.phone,
    )
    attempt = admit(claim, task_id=ticket.task_id, party_id=ticket.party_id)
    return _exchange(ticket, attempt, claim)


@transaction.atomic
def _exchange(
    ticket: EntryTicket, attempt: AdmissionAttempt, claim: Claim
) -> tuple[str, CallToken]:
    now = timezone.now()
    won = EntryTicket.objects.filter(pk=ticket.pk, used_at=None).update(used_at=now)
    if not won:
        raise TicketRefused
    appointment = current_appointment(ticket.task_id)
    secret = new_token()
    token = CallToken.objects.create(
        secret_sha256=_sha256(secret),
        ticket=ticket,
        task=ticket.task,
        party=ticket.party,
        channel_code=ticket.channel_code,
        appointment_id=appointment.pk if appointment else None,
        attempt_id=attempt.pk,
        latitude=attempt.latitude,
        longitude=attempt.longitude,
        created_at=now,
        expires_at=now + policy.TOKEN_LIFETIME,
    )
    audit.record(
        "party.admitted",
        actor=actor_of(token, claim.ip),
        object_type="party",
        object_id=token.party_id,
        chain=audit.interview_chain(token.task_id),
        attempt=str(attempt.pk),
        channel=token.channel_code,
    )
    return secret, token


def token_for(secret: str) -> CallToken:
    """The live token behind a bearer secret. Raises SessionRefused."""
    token = (
        CallToken.objects.select_related("task", "party")
        .filter(secret_sha256=_sha256(secret), revoked_at=None, expires_at__gt=timezone.now())
        .first()
    )
    if token is None:
        raise SessionRefused
    return token


def agree(token: CallToken, *, text_version: str, actor: Actor, user_agent: str) -> Consent:
    """The party agrees to the notice in force. Raises ConsentOutdated for another version."""
    if text_version != policy.CONSENT_VERSION:
        raise ConsentOutdated(version=policy.CONSENT_VERSION)
    return interviews.record_consent(
        token.party_id, text_version=text_version, actor=actor, user_agent=user_agent
    )


def note_position(token: CallToken, point: Point) -> None:
    """The party's position, as the labels show it (SDK-6); it admits nobody."""
    token.latitude = Decimal(str(round(point.latitude, 6)))
    token.longitude = Decimal(str(round(point.longitude, 6)))
    token.save(update_fields=["latitude", "longitude"])


def call_in(token: CallToken, *, service_type: str, actor: Actor) -> CallToken:
    """Enter the line, or the running call of the task (SDK-1a, SDK-2). Idempotent.

    Raises OutsideSlot, ServiceUnknown, and what the line raises (consent missing, room full).
    """
    _require_slot(token)
    _require_service(token, service_type)
    result = queueing.call_in(
        token.task_id,
        party_id=token.party_id,
        channel_code=token.channel_code,
        actor=actor,
    )
    token.request_id = result.request_id
    token.participant_id = result.participant_id
    token.business_type = service_type or token.business_type
    token.save(update_fields=["request_id", "participant_id", "business_type"])
    push(party_group(token.party_id), "party.changed")
    return token


def _require_slot(token: CallToken) -> None:
    if allows_walk_in(token.channel_code) or live_call_of(token.task_id) is not None:
        return  # whoever joins the others joins within their slot
    appointment = current_appointment(token.task_id)
    same = appointment is not None and appointment.pk == token.appointment_id
    if not same or not is_within_slot(token.task_id, timezone.now()):
        raise OutsideSlot


def _require_service(token: CallToken, service_type: str) -> None:
    open_types = session_view(token)["service_types"]
    if service_type and service_type not in open_types:
        raise ServiceUnknown(open=open_types)


def leave(token: CallToken, *, actor: Actor, reason: str = "customer_left") -> None:
    """Give up waiting, or go out of the call; both can be taken up again. Idempotent."""
    place = place_of(token)
    if place is not None and place.call.is_running:
        interviews.leave_call(place.pk, actor=actor, reason=reason)
    elif token.request_id is not None:
        queueing.abandon(token.request_id, actor=actor)
    push(party_group(token.party_id), "party.changed")


def keep_waiting(token: CallToken) -> None:
    """The customer's socket lives: the place in the line is kept."""
    if token.request_id is not None:
        queueing.touch(token.request_id)


def require_place(token: CallToken) -> UUID:
    """The place in the running call. Raises NotInCall; who has left has to call in again."""
    place = place_of(token)
    if place is None or not place.call.is_running or place.state == ParticipantState.LEFT:
        raise NotInCall
    return place.pk


def connect_media(token: CallToken, *, offer_sdp: str, actor: Actor) -> dict[str, Any]:
    """Answer the client's offer through the media worker. Raises NotInCall and the room's own."""
    place_id = require_place(token)
    answer = interviews.connect_media(place_id, offer_sdp=offer_sdp, actor=actor)
    _label_position(token, place_id, actor)
    return answer


def _label_position(token: CallToken, place_id: UUID, actor: Actor) -> None:
    """Put the party's position on the timeline, from where it is burnt into the picture (SDK-6)."""
    if token.latitude is None or token.longitude is None:
        return
    here = {"latitude": float(token.latitude), "longitude": float(token.longitude)}
    known = TimelineEvent.objects.filter(participant_id=place_id, kind="position")
    if known.filter(payload=here).exists():
        return
    call_id = Participant.objects.values_list("call_id", flat=True).get(pk=place_id)
    interviews.add_event(
        call_id, kind="position", payload=here, actor=actor, participant_id=place_id
    )


def say(token: CallToken, *, text: str, actor: Actor) -> None:
    """A written message to everybody in the call. Raises NotInCall."""
    place = place_of(token)
    if place is None or not place.call.is_running:
        raise NotInCall
    interviews.add_event(
        place.call_id,
        kind="chat",
        payload={"text": text},
        actor=actor,
        participant_id=place.pk,
    )
