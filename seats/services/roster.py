"""Who is a seat, and whether it can be booked (SEAT-1, SEAT-2)."""

from django.db import transaction

from accounts.models import User
from audit import services as audit
from common.actor import Actor
from common.push import push, seat_group
from seats.errors import SeatSignedIn
from seats.models import Seat
from seats.selectors import is_signed_in

from .presence import lock_seat


@transaction.atomic
def enable_user(user_id: int, *, actor: Actor) -> Seat:
    """The user's seat can be booked and sign in; made when there is none yet. Idempotent."""
    user = User.objects.get(pk=user_id)
    seat, _created = Seat.objects.get_or_create(user=user)
    return _set_enabled(seat.pk, enabled=True, actor=actor)


@transaction.atomic
def disable_seat(seat_id: int, *, actor: Actor) -> Seat:
    """No new bookings, no signing in. Idempotent.

    The caller asks `appointments.services.disable_seat`, which refuses while appointments are open.
    """
    lock_seat(seat_id)
    if is_signed_in(seat_id):
        raise SeatSignedIn
    return _set_enabled(seat_id, enabled=False, actor=actor)


def _set_enabled(seat_id: int, *, enabled: bool, actor: Actor) -> Seat:
    seat = lock_seat(seat_id)
    if seat.enabled != enabled:
        seat.enabled = enabled
        seat.save(update_fields=["enabled"])
        audit.record(
            "seat.enabled" if enabled else "seat.disabled",
            actor=actor,
            object_type="seat",
            object_id=seat.pk,
        )
        push(seat_group(seat.pk), "seat.changed")
    return seat
