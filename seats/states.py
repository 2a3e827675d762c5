"""Presence of a seat and its moves. Pure."""

from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from common.states import Machine


class Presence(TextChoices):
    OFFLINE = "OFFLINE", _("离线")
    SIGNED_OUT = "SIGNED_OUT", _("签出")
    READY = "READY", _("示闲")
    OFFERED = "OFFERED", _("振铃")
    IN_CALL = "IN_CALL", _("通话")
    WRAP_UP = "WRAP_UP", _("话后整理")
    PAUSED = "PAUSED", _("示忙")


class NextState(TextChoices):
    """What a seat may choose, during a case, to do after it; nothing chosen means 示闲."""

    PAUSED = "PAUSED", _("示忙")
    SIGNED_OUT = "SIGNED_OUT", _("签出")


class PresenceMove(StrEnum):
    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    PAUSE = "pause"
    READY = "ready"
    OFFER = "offer"
    WITHDRAW = "withdraw"
    MISS = "miss"
    ENTER_CALL = "enter_call"
    WRAP_UP = "wrap_up"
    FINISH = "finish"
    FORCE_OUT = "force_out"
    LOSE = "lose"


# Signed in means: may be given calls now or after a pause. Such a seat cannot log out (WB-1).
SIGNED_IN = (
    Presence.READY,
    Presence.OFFERED,
    Presence.IN_CALL,
    Presence.WRAP_UP,
    Presence.PAUSED,
)

# A case in hand: what comes after it can be chosen now.
IN_HAND = (Presence.OFFERED, Presence.IN_CALL, Presence.WRAP_UP)

PRESENCE_MACHINE = Machine[Presence, PresenceMove](
    {
        PresenceMove.SIGN_IN: (
            frozenset({Presence.OFFLINE, Presence.SIGNED_OUT}),
            Presence.READY,
        ),
        PresenceMove.SIGN_OUT: (
            frozenset({Presence.READY, Presence.PAUSED, Presence.OFFLINE}),
            Presence.SIGNED_OUT,
        ),
        PresenceMove.PAUSE: (frozenset({Presence.READY, Presence.PAUSED}), Presence.PAUSED),
        PresenceMove.READY: (frozenset({Presence.PAUSED}), Presence.READY),
        PresenceMove.OFFER: (frozenset({Presence.READY}), Presence.OFFERED),
        PresenceMove.WITHDRAW: (frozenset({Presence.OFFERED}), Presence.READY),
        PresenceMove.MISS: (frozenset({Presence.OFFERED}), Presence.PAUSED),
        PresenceMove.ENTER_CALL: (
            frozenset({Presence.OFFERED, Presence.READY}),
            Presence.IN_CALL,
        ),
        PresenceMove.WRAP_UP: (frozenset({Presence.IN_CALL}), Presence.WRAP_UP),
        PresenceMove.FINISH: (frozenset({Presence.WRAP_UP}), Presence.READY),
        # A case in hand is never taken away: a forced sign-out waits for its end.
        PresenceMove.FORCE_OUT: (
            frozenset({Presence.READY, Presence.PAUSED, Presence.WRAP_UP, Presence.OFFLINE}),
            Presence.SIGNED_OUT,
        ),
        PresenceMove.LOSE: (frozenset({Presence.READY, Presence.PAUSED}), Presence.OFFLINE),
    }
)
