"""Presence. The seat's row is the first lock of any transaction."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from audit import services as audit
from common.actor import SYSTEM, Actor
from common.push import QUEUE_GROUP, push, seat_group
from seats.errors import (
    DeviceCheckNeeded,
    NothingInHand,
    NotSignedIn,
    SeatDisabled,
    SeatOpenElsewhere,
)
from seats.models import PresenceHistory, Seat, SeatPresence
from seats.selectors import PAGE_FRESH, devices_checked_today, lost_seats
from seats.states import (
    IN_HAND,
    PRESENCE_MACHINE,
    SIGNED_IN,
    NextState,
    Presence,
    PresenceMove,
)

MOVED = (
    *("state", "reason", "since", "last_served_at"),
    *("next_state", "next_reason", "sign_out_after"),
)
# Nothing but the bell changes: the page need not be read whole.
RINGING = (PresenceMove.OFFER, PresenceMove.WITHDRAW)


def lock_seat(seat_id: int) -> Seat:
    """The one way to take a seat for change; held until the transaction ends."""
    return (
        Seat.objects.select_for_update(of=("self",), no_key=True)
        .select_related("user")
        .get(pk=seat_id)
    )


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
    chosen, chosen_reason = presence.next_state, presence.next_reason
    if target not in IN_HAND:
        presence.next_state = presence.next_reason = ""
    if target is Presence.SIGNED_OUT:
        presence.sign_out_after = ""
    if move is PresenceMove.WRAP_UP:
        presence.last_served_at = now
    presence.save(update_fields=MOVED)  # the heartbeat comes without the lock
    audit.record(
        f"seat.{move.value}",
        actor=actor,
        object_type="seat",
        object_id=seat.pk,
        state=target.value,
        reason=reason,
    )
    push(seat_group(seat.pk), "seat.rings" if move in RINGING else "seat.changed")
    push(QUEUE_GROUP, "queue.changed")
    if presence.sign_out_after and target in (Presence.READY, Presence.PAUSED):
        return _move(seat, PresenceMove.FORCE_OUT, actor=SYSTEM, reason=presence.sign_out_after)
    if chosen and target is Presence.READY:  # the case that was in hand is over, or went away
        after = PresenceMove.PAUSE if chosen == NextState.PAUSED else PresenceMove.SIGN_OUT
        return _move(seat, after, actor=actor, reason=chosen_reason)
    return presence


@transaction.atomic
def sign_in(seat_id: int, *, actor: Actor) -> SeatPresence:
    """签入: from now on calls may come (WB-3). Needs an enabled seat and today's device check."""
    seat = lock_seat(seat_id)
    if not seat.enabled:
        raise SeatDisabled
    if not devices_checked_today(_presence(seat)):
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
    """The case is filed: back to 示闲, or to what the seat chose before (WB-3).

    Nothing to do for a seat that is not wrapping up.
    """
    seat = lock_seat(seat_id)
    if _presence(seat).state == Presence.WRAP_UP:
        _move(seat, PresenceMove.FINISH, actor=actor)


@transaction.atomic
def choose_next(seat_id: int, *, state: str, reason: str, actor: Actor) -> SeatPresence:
    """What to do when the case in hand is filed; an empty `state` means 示闲 again.

    Raises NothingInHand when the seat has no case: it can then change its state at once.
    """
    seat = lock_seat(seat_id)
    if _presence(seat).state not in IN_HAND:
        raise NothingInHand
    return _choose(seat, state, reason, actor)


def _choose(seat: Seat, state: str, reason: str, actor: Actor) -> SeatPresence:
    presence = _presence(seat)
    presence.next_state = NextState(state).value if state else ""
    presence.next_reason = reason[:40] if state == NextState.PAUSED else ""
    presence.save(update_fields=["next_state", "next_reason"])
    audit.record(
        "seat.next_chosen",
        actor=actor,
        object_type="seat",
        object_id=seat.pk,
        state=presence.next_state or Presence.READY.value,
        reason=presence.next_reason,
    )
    push(seat_group(seat.pk), "seat.changed")
    return presence


@transaction.atomic
def force_pause(seat_id: int, *, reason: str, actor: Actor) -> SeatPresence:
    """A supervisor pauses the seat: now, or when the case it has in hand is finished.

    Refused (IllegalMove) for a seat that is not signed in.
    """
    seat = lock_seat(seat_id)
    if _presence(seat).state in IN_HAND:
        return _choose(seat, NextState.PAUSED, reason, actor)
    return _move(seat, PresenceMove.PAUSE, actor=actor, reason=reason[:40])


@transaction.atomic
def force_sign_out(seat_id: int, *, reason: str, actor: Actor) -> SeatPresence:
    """A supervisor signs the seat out: now, or when the case it has in hand is finished.

    Raises NotSignedIn when there is nothing to do.
    """
    seat = lock_seat(seat_id)
    presence = _presence(seat)
    state = Presence(presence.state)
    if state not in SIGNED_IN:
        raise NotSignedIn
    if PRESENCE_MACHINE.allows(state, PresenceMove.FORCE_OUT):
        return _move(seat, PresenceMove.FORCE_OUT, actor=actor, reason=reason[:40])
    presence.sign_out_after = reason[:40]
    presence.save(update_fields=["sign_out_after"])
    audit.record(
        "seat.force_out_asked",
        actor=actor,
        object_type="seat",
        object_id=seat.pk,
        state=state.value,
        reason=reason[:40],
    )
    push(seat_group(seat.pk), "seat.changed")
    return presence


def lose_silent() -> int:
    """Seats whose page gave no sign of life for too long are 离线, not stuck online. How many."""
    count = 0
    for seat_id in lost_seats().values_list("pk", flat=True):
        with transaction.atomic():
            seat = lock_seat(seat_id)
            if lost_seats().filter(pk=seat_id).exists():
                _move(seat, PresenceMove.LOSE, actor=SYSTEM, reason="心跳中断")  # data
                count += 1
    return count


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


@transaction.atomic
def open_page(seat_id: int, *, page: str, take_over: bool) -> None:
    """Make `page` the seat's workbench. Raises SeatOpenElsewhere while another one lives."""
    seat = lock_seat(seat_id)
    presence = _presence(seat)
    now = timezone.now()
    is_alive = presence.heartbeat_at is not None and presence.heartbeat_at > now - PAGE_FRESH
    if presence.page not in ("", page) and is_alive and not take_over:
        raise SeatOpenElsewhere
    presence.page = page
    presence.heartbeat_at = now
    presence.save(update_fields=["page", "heartbeat_at"])


def close_page(seat_id: int, *, page: str) -> None:
    """The page is gone; the next one need not ask."""
    SeatPresence.objects.filter(seat_id=seat_id, page=page).update(page="")


def heartbeat(seat_id: int, *, page: str = "") -> None:
    """The seat's page lives. No lock, no audit: it comes every few seconds."""
    told = {"page": page} if page else {}
    SeatPresence.objects.filter(seat_id=seat_id).update(heartbeat_at=timezone.now(), **told)


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


@transaction.atomic
def note_loop(seat_id: int, *, report: dict[str, Any], actor: Actor) -> None:
    """What the test recording of the day showed."""
    seat = lock_seat(seat_id)
    presence = _presence(seat)
    presence.loop_report = report
    presence.loop_at = timezone.now()
    presence.save(update_fields=["loop_report", "loop_at"])
    audit.record(
        "seat.loop_recorded",
        actor=actor,
        object_type="seat",
        object_id=seat.pk,
        ok=report["ok"],
        problems=report["problems"],
    )
    push(seat_group(seat.pk), "seat.changed")


def presence_is(seat: Seat, state: Presence) -> bool:
    """Whether the locked seat is in `state` now."""
    return _presence(seat).state == state
