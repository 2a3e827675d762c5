"""Reads of seats."""

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.selectors import visible
from parameters.selectors import value_of

from .models import Seat, SeatPresence
from .states import SIGNED_IN, Presence

HEARTBEAT_FRESH = timedelta(seconds=30)
# A page that was silent for this long no longer keeps another one out.
PAGE_FRESH = timedelta(seconds=20)


def seat_of(user: User) -> Seat | None:
    return Seat.objects.filter(user=user).select_related("user").first()


def presence_of(seat_id: int) -> SeatPresence:
    """The seat's presence; a seat that never signed in is 签出."""
    found = SeatPresence.objects.filter(seat_id=seat_id).first()
    return found or SeatPresence(seat_id=seat_id)


def is_signed_in(seat_id: int) -> bool:
    return presence_of(seat_id).state in SIGNED_IN


def devices_checked_today(presence: SeatPresence) -> bool:
    checked = presence.devices_ok_at
    return checked is not None and timezone.localdate(checked) == timezone.localdate()


def lost_seats() -> QuerySet[Seat]:
    """Seats that say 示闲 or 示忙 though their page has been silent for longer than allowed."""
    silent_for = timedelta(seconds=value_of("seat_lost_s"))
    return Seat.objects.filter(
        presence__state__in=[Presence.READY, Presence.PAUSED],
        presence__heartbeat_at__lt=timezone.now() - silent_for,
    )


def seat_users(viewer: User, *, words: str = "", state: str = "") -> QuerySet[User]:
    """All users with the seat role (SEAT-1), and those who still have a seat from before, as far
    as the scope of `viewer` goes; of these whose number, name or institution has the words in it."""
    found = (
        User.objects.filter(visible(viewer, "seats.view", "seats.manage"))
        .filter(Q(roles__operations__contains=["workbench.use"]) | ~Q(seat=None))
        .exclude(seat__rehearsal=True)
        .select_related("institution", "seat", "seat__presence")
        .order_by("staff_no")
        .distinct()
    )
    if words:
        found = found.filter(
            Q(staff_no__icontains=words)
            | Q(name__icontains=words)
            | Q(institution__name__icontains=words)
        )
    if state == Presence.SIGNED_OUT:  # who never signed in is that, too
        return found.filter(Q(seat__presence=None) | Q(seat__presence__state=state))
    return found.filter(seat__presence__state=state) if state else found


def offerable_seats() -> QuerySet[Seat]:
    """Enabled seats that say 示闲 and whose page gave a sign of life within 30 s; rehearsals' too."""
    return Seat.objects.filter(
        enabled=True,
        presence__state=Presence.READY,
        presence__heartbeat_at__gte=timezone.now() - HEARTBEAT_FRESH,
    ).select_related("user__institution", "presence")
