"""Commands of partners, once each: the inbox (design §6)."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from common.clock import db_now
from credit_bridge.errors import KeyReused, StillRunning
from credit_bridge.models import InboxRequest
from credit_bridge.states import InboxState

LEASE = dt.timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    body: Any


def once(
    partner: str, key: str, *, method: str, path: str, body: Any, act: Callable[[], Answered]
) -> Answered:
    """`act` for a new key, the stored answer for a known one.

    The claim is stored before `act`, which may ask a network; who died in between leaves a claim
    that lapses, and the next try acts again: every command is harmless when repeated. A refusal is
    not stored: asking again later may succeed. Raises KeyReused, StillRunning.
    """
    said = json.dumps([method, path, body], sort_keys=True, default=str)
    fingerprint = hashlib.sha256(said.encode()).hexdigest()
    row, answer = _claim(partner, key, fingerprint)
    if answer is not None:
        return answer
    try:
        answer = act()
    except Exception:
        InboxRequest.objects.filter(pk=row.pk, claimed_at=row.claimed_at).delete()
        raise
    row.state, row.status = InboxState.DONE, answer.status
    row.answer = json.dumps(answer.body, ensure_ascii=False, default=str)
    row.save(update_fields=["state", "status", "answer"])
    return answer


@transaction.atomic
def _claim(partner: str, key: str, fingerprint: str) -> tuple[InboxRequest, Answered | None]:
    now = db_now()
    row, created = InboxRequest.objects.get_or_create(
        partner=partner, key=key, defaults={"fingerprint": fingerprint, "claimed_at": now}
    )
    if created:
        return row, None
    row = InboxRequest.objects.select_for_update().get(pk=row.pk)
    if row.fingerprint != fingerprint:
        raise KeyReused
    if row.state == InboxState.DONE:
        return row, Answered(row.status, json.loads(row.answer))
    if row.claimed_at > now - LEASE:
        raise StillRunning
    row.claimed_at = now
    row.save(update_fields=["claimed_at"])
    return row, None
