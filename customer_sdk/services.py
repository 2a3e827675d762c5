"""Letting a customer in, and what the customer may do then (SDK-1..SDK-8)."""

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from appointments.models import DeviceCheck
from appointments.selectors import current_appointment, is_within_slot
from appointments.services import CheckResult, note_check
from audit import services as audit
from channels_admin.admission import Claim, Point
from channels_admin.models import AdmissionAttempt
from channels_admin.reports import doubts_text
from channels_admin.selectors import allows_walk_in
from channels_admin.services import admit
from common.actor import Actor
from common.errors import NotFound
from common.ids import new_token
from common.push import party_group, push
from credit_bridge.recognition import CONSENTS, TEXT_VERSION
from interviews import services as interviews
from interviews.models import (
    ConfirmAnswer,
    Consent,
    Participant,
    Party,
    StillRequest,
    TimelineEvent,
)
from interviews.policy import video_limits
from interviews.selectors import live_call_of
from interviews.states import ParticipantState, TaskState
from queueing import services as queueing

from . import policy
from .errors import (
    CallNotOver,
    CheckOnly,
    ConsentOutdated,
    NotInCall,
    OutsideSlot,
    RescueOff,
    ServiceUnknown,
    SessionRefused,
    TaskUnknown,
    TicketRefused,
)
from .models import CallRating, CallToken, EntryTicket, Purpose
from .selectors import (
    actor_of,
    options,
    place_in,
    place_of,
    recognition_view,
    session_view,
)


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
    purpose: Purpose = Purpose.CALL,
) -> Issued:
    """An entry for one party of one task, single-use unless for a check. Raises TaskUnknown."""
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
        purpose=purpose,
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
        purpose=purpose,
    )
    return Issued(secret, ticket)


def issue_check_ticket(task_id: UUID, *, party_id: UUID, channel_code: str, actor: Actor) -> Issued:
    """An entry to the device check that works until the slot begins, at least for a day.

    Raises TaskUnknown.
    """
    appointment = current_appointment(task_id)
    ttl = policy.CHECK_LIFETIME
    if appointment is not None:
        ttl = max(ttl, appointment.bounds[0] - timezone.now())
    return issue_ticket(
        task_id,
        party_id=party_id,
        channel_code=channel_code,
        actor=actor,
        ttl=ttl,
        purpose=Purpose.CHECK,
    )


def hand_over(token: CallToken, *, actor: Actor) -> Issued:
    """A fresh entry for the same party, to go on with another phone. Raises TaskUnknown."""
    return issue_ticket(
        token.task_id, party_id=token.party_id, channel_code=token.channel_code, actor=actor
    )


def _token_secret(ticket_secret: str, attempt_key: str) -> str:
    """The token a ticket is exchanged for.

    With a key of the client's own it can be derived again, so that an answer that was lost on the
    way is given once more, to whoever holds both; without one it is random.
    """
    if not attempt_key:
        return new_token()
    bound = f"{ticket_secret}\0{attempt_key}"
    return salted_hmac("customer_sdk.token", bound, algorithm="sha256").hexdigest()


def enter(secret: str, told: Claim, *, attempt_key: str = "") -> tuple[str, CallToken]:
    """Admission (SDK-1): a ticket and what the device tells, for a call token.

    Channel, product and phone come from the ticket, not from the device. A refused attempt is
    stored and leaves the ticket good, so that the customer can go where the refusal says. With the
    same `attempt_key` (Idempotency-Key) the same answer is given again. Raises TicketRefused,
    ChannelRefused, PlaceRefused.
    """
    ticket = (
        EntryTicket.objects.select_related("task", "party")
        .filter(secret_sha256=_sha256(secret), expires_at__gt=timezone.now())
        .first()
    )
    if ticket is None or ticket.task.superseded_at is not None:
        raise TicketRefused
    token_secret = _token_secret(secret, attempt_key)
    if attempt_key:
        known = (
            CallToken.objects.select_related("task", "party")
            .filter(ticket=ticket, secret_sha256=_sha256(token_secret), revoked_at=None)
            .first()
        )
        if known is not None:
            return token_secret, known
    if ticket.used_at is not None and ticket.purpose == Purpose.CALL:
        raise TicketRefused
    claim = replace(
        told,
        channel_code=ticket.channel_code,
        product_code=ticket.task.product_code,
        phone=ticket.party.phone,
    )
    attempt = admit(claim, task_id=ticket.task_id, party_id=ticket.party_id)
    return token_secret, _exchange(ticket, token_secret, attempt, claim)


@transaction.atomic
def _exchange(
    ticket: EntryTicket, secret: str, attempt: AdmissionAttempt, claim: Claim
) -> CallToken:
    now = timezone.now()
    won = EntryTicket.objects.filter(pk=ticket.pk, used_at=None).update(used_at=now)
    if not won and ticket.purpose == Purpose.CALL:
        raise TicketRefused
    appointment = current_appointment(ticket.task_id)
    token, fresh = CallToken.objects.get_or_create(
        secret_sha256=_sha256(secret),
        defaults={
            "ticket": ticket,
            "purpose": ticket.purpose,
            "task": ticket.task,
            "party": ticket.party,
            "channel_code": ticket.channel_code,
            "appointment_id": appointment.pk if appointment else None,
            "attempt_id": attempt.pk,
            "latitude": attempt.latitude,
            "longitude": attempt.longitude,
            "created_at": now,
            "expires_at": now + policy.TOKEN_LIFETIME,
        },
    )
    if not fresh:
        return token
    audit.record(
        "party.admitted",
        actor=actor_of(token, claim.ip),
        object_type="party",
        object_id=token.party_id,
        chain=audit.interview_chain(token.task_id),
        attempt=str(attempt.pk),
        channel=token.channel_code,
    )
    return token


def require_call_purpose(token: CallToken) -> None:
    """Raises CheckOnly: a check of the device opens no call."""
    if token.purpose != Purpose.CALL:
        raise CheckOnly


def token_for(secret: str) -> CallToken:
    """The live token behind a bearer secret. Raises SessionRefused."""
    token = _live_tokens(secret).select_related("task", "party").first()
    if token is None:
        raise SessionRefused
    return token


def _live_tokens(secret: str) -> QuerySet[CallToken]:
    return CallToken.objects.filter(
        secret_sha256=_sha256(secret), revoked_at=None, expires_at__gt=timezone.now()
    )


def agree(token: CallToken, *, text_version: str, actor: Actor, user_agent: str) -> Consent:
    """The party agrees to the notice in force. Raises ConsentOutdated for another version."""
    version = policy.consent_version(rescue=options(token)["local_rescue"])
    if text_version != version:
        raise ConsentOutdated(version=version)
    return interviews.record_consent(
        token.party_id, text_version=text_version, actor=actor, user_agent=user_agent
    )


def note_position(token: CallToken, point: Point, *, actor: Actor) -> None:
    """The party's position, as the labels show it from now on (SDK-6); it admits nobody."""
    token.latitude = Decimal(str(round(point.latitude, 6)))
    token.longitude = Decimal(str(round(point.longitude, 6)))
    token.save(update_fields=["latitude", "longitude"])
    place = place_of(token)
    if place is not None and place.call.is_running and place.joined_at is not None:
        _label_position(token, place.pk, actor)
    push(party_group(token.party_id), "party.changed")


def call_in(token: CallToken, *, service_type: str, actor: Actor) -> CallToken:
    """Enter the line, or the running call of the task (SDK-1a, SDK-2). Idempotent.

    Raises CheckOnly, OutsideSlot, ServiceUnknown, and what the line raises (consent missing, room
    full).
    """
    require_call_purpose(token)
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


def keep_waiting(secret: str) -> None:
    """The customer's socket lives: the place in the line is kept. Raises SessionRefused.

    Thousands say so every few seconds: nothing of the case is read.
    """
    found = _live_tokens(secret).values_list("request_id").first()
    if found is None:
        raise SessionRefused
    (request_id,) = found
    if request_id is not None:
        queueing.touch(request_id)


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
    _tell_doubts(token, place_id, actor)
    return answer


def _label_position(token: CallToken, place_id: UUID, actor: Actor) -> None:
    """Put the party's position on the timeline, from where it is burnt into the picture (SDK-6)."""
    if token.latitude is None or token.longitude is None:
        return
    here = {"latitude": float(token.latitude), "longitude": float(token.longitude)}
    known = TimelineEvent.objects.filter(participant_id=place_id, kind="position")
    latest = known.order_by("-at_ms").first()
    if latest is not None and latest.payload == here:
        return
    call_id = Participant.objects.values_list("call_id", flat=True).get(pk=place_id)
    interviews.add_event(
        call_id, kind="position", payload=here, actor=actor, participant_id=place_id
    )


def _tell_doubts(token: CallToken, place_id: UUID, actor: Actor) -> None:
    """A position that may be invented is the seat's to judge: a mark on the timeline, once."""
    attempt = AdmissionAttempt.objects.get(pk=token.attempt_id)
    if not attempt.doubts:
        return
    known = TimelineEvent.objects.filter(participant_id=place_id, kind="device")
    if known.filter(payload__what="position_doubtful").exists():
        return
    text = str(policy.DEVICE_NEWS["position_doubtful"]).format(doubts=doubts_text(attempt))
    interviews.add_event(
        Participant.objects.values_list("call_id", flat=True).get(pk=place_id),
        kind="device",
        payload={"what": "position_doubtful", "reason": ",".join(attempt.doubts), "text": text},
        actor=actor,
        participant_id=place_id,
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


def test_network(token: CallToken, *, send_sdp: str, receive_sdp: str) -> dict[str, str]:
    """Both ends of a loop through a media worker. Raises MediaUnavailable, MediaRefused."""
    return interviews.test_network(
        send_sdp=send_sdp,
        receive_sdp=receive_sdp,
        max_kbps=video_limits(token.task)["max_kbps"],
    )


def note_device_check(token: CallToken, result: CheckResult, *, actor: Actor) -> DeviceCheck:
    """The device's own findings, on the appointment."""
    attempt = AdmissionAttempt.objects.get(pk=token.attempt_id)
    return note_check(
        token.task_id,
        party_id=token.party_id,
        result=result,
        early=token.purpose == Purpose.CHECK,
        os=attempt.os,
        device_model=attempt.device_model,
        actor=actor,
    )


def answer_card(
    token: CallToken, card_id: UUID, *, accepted: bool, sha256: str, actor: Actor
) -> ConfirmAnswer:
    """我确认 or not. Raises NotInCall, CardChanged, CardAnswered."""
    return interviews.answer_card(
        card_id,
        participant_id=require_place(token),
        accepted=accepted,
        sha256=sha256,
        actor=actor,
    )


def still_of(token: CallToken, still_id: UUID) -> StillRequest:
    """The party's own request for a picture. Raises NotFound for anybody else's."""
    request = StillRequest.objects.filter(
        pk=still_id, participant__party_id=token.party_id, call__task_id=token.task_id
    ).first()
    if request is None:
        raise NotFound
    return request


def send_still_part(
    token: CallToken, still_id: UUID, *, offset: int, total: int, content: bytes, actor: Actor
) -> StillRequest:
    """The next stretch of the picture. Raises NotFound and what the picture's keeper raises."""
    request = still_of(token, still_id)
    return interviews.receive_part(
        request.pk, offset=offset, total=total, content=content, actor=actor
    )


def refuse_still(token: CallToken, still_id: UUID, *, reason: str, actor: Actor) -> None:
    """The device cannot take it; the seat is told why."""
    interviews.fail_still(still_of(token, still_id).pk, reason=reason, actor=actor)


def rescue_place(token: CallToken, call_id: UUID) -> Participant:
    """The place whose gaps the device may fill. Raises NotFound, RescueOff."""
    place = place_in(token, call_id)
    if place is None:
        raise NotFound
    version = policy.consent_version(rescue=True)
    if (
        not options(token)["local_rescue"]
        or not token.party.consents.filter(text_version=version).exists()
    ):
        raise RescueOff
    return place


def report_device(token: CallToken, *, what: str, reason: str, actor: Actor) -> None:
    """Something the seat should know of the customer's device, on the timeline. Raises NotInCall."""
    place_id = require_place(token)
    call_id = Participant.objects.values_list("call_id", flat=True).get(pk=place_id)
    option = CONSENTS[reason][0] if reason in CONSENTS else _("辅助识别")
    text = str(policy.DEVICE_NEWS[what]).format(option=option)
    interviews.add_event(
        call_id,
        kind="device",
        payload={"what": what, "reason": reason, "text": text},
        actor=actor,
        participant_id=place_id,
    )


@transaction.atomic
def rate(token: CallToken, *, stars: int, actor: Actor) -> CallRating:
    """One tap after the call; tapping again changes it. Raises CallNotOver."""
    place = place_of(token)
    if place is None or place.call.is_running:
        raise CallNotOver
    rating, _created = CallRating.objects.update_or_create(
        participant_id=place.pk, defaults={"call_id": place.call_id, "stars": stars}
    )
    audit.record(
        "call.rated",
        actor=actor,
        object_type="call",
        object_id=place.call_id,
        chain=audit.interview_chain(token.task_id),
        stars=stars,
    )
    return rating


def agree_to_option(token: CallToken, *, text_version: str, actor: Actor, user_agent: str) -> None:
    """Consent to one kind of recognition, apart from that to the recording (SDK-10).

    Raises ConsentOutdated for a text that is not in force here.
    """
    if text_version not in {row["text_version"] for row in recognition_view(token)}:
        raise ConsentOutdated(version=TEXT_VERSION)
    interviews.record_consent(
        token.party_id, text_version=text_version, actor=actor, user_agent=user_agent
    )
