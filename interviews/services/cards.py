"""确认卡: what the customer confirms in writing, journalled with its hash and time."""

import hashlib
import json
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit import services as audit
from common.actor import Actor
from common.ids import new_id
from common.push import call_group, push
from interviews.errors import CallOver, CardAnswered, CardChanged, CardUnfit
from interviews.models import Call, ConfirmAnswer, ConfirmCard, Participant

from .calls import call_ms, lock_call
from .timeline import add_event

MAX_LINES = 8


def card_hash(title: str, lines: list[list[str]]) -> str:
    """SHA-256 of title and lines as compact JSON in UTF-8, sorted keys: anybody can recompute it."""
    canonical = json.dumps(
        {"lines": lines, "title": title},
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def show_card(call_id: UUID, *, title: str, lines: list[list[str]], actor: Actor) -> ConfirmCard:
    """Put a card before every customer; it takes the place of the one before.

    `lines` are [label, value]. Raises CallOver, CardUnfit.
    """
    fit = 1 <= len(lines) <= MAX_LINES and all(len(line) == 2 and line[1] for line in lines)
    if not title or not fit:
        raise CardUnfit
    call = Call.objects.get(pk=call_id)
    if not call.is_running:
        raise CallOver
    card_id, digest = new_id(), card_hash(title, lines)
    payload: dict[str, Any] = {
        "card_id": str(card_id),
        "title": title,
        "lines": lines,
        "sha256": digest,
    }
    event = add_event(call_id, kind="confirm.card", payload=payload, actor=actor)
    with transaction.atomic():
        call = lock_call(call_id)
        if not call.is_running:
            raise CallOver
        _withdraw(call)
        card = ConfirmCard.objects.create(
            id=card_id, call=call, title=title, lines=lines, sha256=digest, at_ms=event.at_ms
        )
        push(call_group(call.pk), "call.changed")
    return card


@transaction.atomic
def withdraw_card(call_id: UUID, *, actor: Actor) -> None:
    """Take the card away; answers stay. Idempotent."""
    call = lock_call(call_id)
    if _withdraw(call):
        audit.record(
            "confirm.withdrawn",
            actor=actor,
            object_type="call",
            object_id=call.pk,
            chain=audit.interview_chain(call.task_id),
        )
        push(call_group(call.pk), "call.changed")


def _withdraw(call: Call) -> bool:
    shown = ConfirmCard.objects.filter(call=call, withdrawn_at=None)
    return bool(shown.update(withdrawn_at=timezone.now()))


def answer_card(
    card_id: UUID, *, participant_id: UUID, accepted: bool, sha256: str, actor: Actor
) -> ConfirmAnswer:
    """我确认, or not (SDK-4). The same answer again is the same answer.

    `sha256` is of what the customer's screen showed. Raises CardChanged, CardAnswered, CallOver.
    """
    answer = _first_answer(card_id, participant_id, accepted, sha256)
    add_event(
        answer.card.call_id,
        kind="confirm.answer",
        payload={"card_id": str(card_id), "sha256": sha256, "accepted": accepted},
        actor=actor,
        at_ms=answer.at_ms,
        participant_id=participant_id,
        event_id=answer.event_id,
    )
    return answer


@transaction.atomic
def _first_answer(
    card_id: UUID, participant_id: UUID, accepted: bool, sha256: str
) -> ConfirmAnswer:
    call_id = Participant.objects.values_list("call_id", flat=True).get(pk=participant_id)
    call = lock_call(call_id)
    card = ConfirmCard.objects.filter(pk=card_id, call=call).first()
    if card is None or card.sha256 != sha256:
        raise CardChanged
    known = ConfirmAnswer.objects.filter(card=card, participant_id=participant_id).first()
    if known is not None:
        if known.accepted != accepted:
            raise CardAnswered
        return known
    if not call.is_running:
        raise CallOver
    if card.withdrawn_at is not None:
        raise CardChanged
    return ConfirmAnswer.objects.create(
        card=card, participant_id=participant_id, accepted=accepted, at_ms=call_ms(call)
    )
