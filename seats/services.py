"""Every change of a seat's presence. The seat's row is the first lock of any transaction."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from audit import services as audit
from common.actor import SYSTEM, Actor
from common.push import QUEUE_GROUP, push, seat_group

from .errors import DeviceCheckNeeded, SeatDisabled
from .models import PresenceHistory, Seat, SeatPresence
from .selectors import devices_checked_today
from .states import PRESENCE_MACHINE, Presence, PresenceMove


def lock_seat(seat_id: int) -> Seat:
    """The one way to take a seat for change; held until the transaction ends."""
    return Seat.objects.select_for_update(of=("self",)).get(pk=seat_id)


def _presence(seat: Seat) -> SeatPresence:
    presence, _created = SeatPresence.objects.get_or_create(seat=seat)
    return presence


def _move(seat: Seat, move: PresenceMove, *, actor: Actor, reason: str = "") -> SeatPresence:
    """One move of a locked seat: the row, the history, the audit entry, the hints."""
    presence = _presence(seat)
    target = PRESENCE_MACHINE.after(Presence(presence.state), move)
    now = timezone.now()
    PresenceHistory.objects.create(
        seat=seat,
        state=presence.state,
        reason=presence.reason,
        since=presence.since,
        until=now,
    )
    presence.state, presence.reason, presence.since = target, reason, now
    if move is PresenceMove.WRAP_UP:
        presence.last_served_at = now
    presence.save()
    audit.record(
        f"seat.{move.value}",
        actor=actor,
        object_type="seat",
        object_id=seat.pk,
        state=target.value,
        reason=reason,
    )
    push(seat_group(seat.pk), "seat.changed")
    push(QUEUE_GROUP, "queue.changed")
    return presence


@transaction.atomic
def sign_in(seat_id: int, *, actor: Actor) -> SeatPresence:
    """签入: from now on calls may come (WB-3). Needs an enabled seat and today's device check."""
    seat = lock_seat(seat_id)
    if not seat.enabled:
        raise SeatDisabled
    if not devices_checked_today(seat):
        raise DeviceCheckNeeded
    presence = _move(seat, PresenceMove.SIGN_IN, actor=actor)
    SeatPresence.objects.filter(seat=seat).update(heartbeat_at=timezone.now())
    return presence


@transaction.atomic
def sign_out(seat_id: int, *, actor: Actor) -> SeatPresence:
    """签出. Refused (IllegalMove) while ringing, in a call or wrapping up."""
    return _move(lock_seat(seat_id), PresenceMove.SIGN_OUT, actor=actor)


@transaction.atomic
def pause(seat_id: int, *, reason: str, actor: Actor) -> SeatPresence:
    """示忙 with a reason: signed in, given nothing."""
    return _move(lock_seat(seat_id), PresenceMove.PAUSE, actor=actor, reason=reason[:40])


@transaction.atomic
def ready(seat_id: int, *, actor: Actor) -> SeatPresence:
    """示闲 again after a pause."""
    return _move(lock_seat(seat_id), PresenceMove.READY, actor=actor)


@transaction.atomic
def finish_wrap_up(seat_id: int, *, actor: Actor) -> None:
    """The case is filed: back to 示闲. Nothing to do for a seat that is not wrapping up."""
    seat = lock_seat(seat_id)
    if _presence(seat).state == Presence.WRAP_UP:
        _move(seat, PresenceMove.FINISH, actor=actor)


def mark_offered(seat: Seat) -> None:
    """A call rings. The seat's row is locked by the caller (as in the next four)."""
    _move(seat, PresenceMove.OFFER, actor=SYSTEM)


def mark_missed(seat: Seat) -> None:
    """未应答: nobody answered, so nothing more is offered until the seat says 示闲."""
    _move(seat, PresenceMove.MISS, actor=SYSTEM, reason="未应答")  # data


def withdraw_offer(seat: Seat) -> None:
    """The ringing call went away; the seat did nothing wrong."""
    _move(seat, PresenceMove.WITHDRAW, actor=SYSTEM)


def enter_call(seat: Seat, *, actor: Actor) -> None:
    _move(seat, PresenceMove.ENTER_CALL, actor=actor)


def wrap_up(seat: Seat) -> None:
    """The call is over. A seat whose presence says otherwise (forced out) keeps that."""
    if _presence(seat).state == Presence.IN_CALL:
        _move(seat, PresenceMove.WRAP_UP, actor=SYSTEM)


def heartbeat(seat_id: int) -> None:
    """The seat's page lives. No lock, no audit: it comes every few seconds."""
    SeatPresence.objects.filter(seat_id=seat_id).update(heartbeat_at=timezone.now())


@transaction.atomic
def pass_device_check(seat_id: int, *, actor: Actor, report: dict[str, Any]) -> SeatPresence:
    """Camera, microphone and speaker were found good; holds for the day."""
    seat = lock_seat(seat_id)
    presence = _presence(seat)
    presence.devices_ok_at = timezone.now()
    presence.device_report = report
    presence.save(update_fields=["devices_ok_at", "device_report"])
    audit.record("seat.device_check_passed", actor=actor, object_type="seat", object_id=seat.pk)
    push(seat_group(seat.pk), "seat.changed")
    return presence


def presence_is(seat: Seat, state: Presence) -> bool:
    """Whether the locked seat is in `state` now."""
    return _presence(seat).state == state
