"""Reads of seats."""

from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User

from .models import Seat, SeatPresence
from .states import SIGNED_IN, Presence

HEARTBEAT_FRESH = timedelta(seconds=30)


def seat_of(user: User) -> Seat | None:
    return Seat.objects.filter(user=user).select_related("user").first()


def presence_of(seat_id: int) -> SeatPresence:
    """The seat's presence; a seat that never signed in is 签出."""
    found = SeatPresence.objects.filter(seat_id=seat_id).first()
    return found or SeatPresence(seat_id=seat_id)


def is_signed_in(seat_id: int) -> bool:
    return presence_of(seat_id).state in SIGNED_IN


def devices_checked_today(seat: Seat) -> bool:
    checked = presence_of(seat.pk).devices_ok_at
    return checked is not None and timezone.localdate(checked) == timezone.localdate()


def offerable_seats(*, rehearsal: bool = False) -> QuerySet[Seat]:
    """Enabled seats that say 示闲 and whose page gave a sign of life within 30 s."""
    return Seat.objects.filter(
        enabled=True,
        rehearsal=rehearsal,
        presence__state=Presence.READY,
        presence__heartbeat_at__gte=timezone.now() - HEARTBEAT_FRESH,
    ).select_related("user", "presence")
