"""Tickets to watch and to download: short, for one viewer and one call (VID-1)."""

import datetime as dt
import hashlib
import secrets
from uuid import UUID

from django.db import transaction
from django.db.models import CharField, F, Func, Value
from django.db.models.functions import Cast

from accounts.models import User
from common.actor import Actor
from common.clock import db_now
from interviews.models import Call
from recordings.models import ViewTicket
from recordings.states import TicketPurpose

from .viewing import note_opened

# A page that is open renews its ticket; a closed one leaves an address that is soon worth nothing.
PLAY_FOR = dt.timedelta(minutes=10)
DOWNLOAD_FOR = dt.timedelta(minutes=5)


def issue_ticket(
    user: User, call_id: UUID, purpose: TicketPurpose = TicketPurpose.PLAY, *, name: str = ""
) -> str:
    """The secret of a new ticket; it is told once. Whether the person may was decided before."""
    secret = secrets.token_urlsafe(24)
    length = PLAY_FOR if purpose is TicketPurpose.PLAY else DOWNLOAD_FOR
    ViewTicket.objects.create(
        secret_sha256=_digest(secret),
        user=user,
        call_id=call_id,
        purpose=purpose,
        name=name,
        expires_at=db_now() + length,
    )
    return secret


def renew_ticket(user: User, call_id: UUID, secret: str) -> bool:
    """Prolong one's own ticket to watch; False when it is over, which asks for a new page."""
    now = db_now()
    return bool(
        ViewTicket.objects.filter(
            secret_sha256=_digest(secret),
            user=user,
            call_id=call_id,
            purpose=TicketPurpose.PLAY,
            expires_at__gt=now,
        ).update(expires_at=now + PLAY_FOR)
    )


def ticket_of(user: User, call_id: UUID, secret: str, purpose: TicketPurpose) -> ViewTicket | None:
    """The living ticket, None when it is another's, for another call or purpose, or over."""
    return ViewTicket.objects.filter(
        secret_sha256=_digest(secret),
        user=user,
        call_id=call_id,
        purpose=purpose,
        expires_at__gt=db_now(),
    ).first()


@transaction.atomic
def note_use(ticket: ViewTicket, call: Call, what: str, *, actor: Actor) -> None:
    """The first use of a ticket for a kind of file is an opening, whichever part of it was asked for."""
    first = ViewTicket.objects.filter(pk=ticket.pk).exclude(opened__contains=[what])
    kind = Cast(Value(what), CharField(max_length=10))
    if first.update(opened=Func(F("opened"), kind, function="array_append")):
        note_opened(call.pk, call.task_id, what, actor=actor)


def forget_old_tickets() -> int:
    return ViewTicket.objects.filter(expires_at__lt=db_now() - dt.timedelta(days=1)).delete()[0]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
