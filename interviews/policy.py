"""Numbers of the interview that a parameter will set (WB-6); units in the names."""

from datetime import timedelta

from django.conf import settings

MAX_CUSTOMERS = 8  # SDK-2: nine tiles, one is the seat's


def reconnect_window() -> timedelta:
    """How long a lost participant's place is kept (SDK-5, default 180 s)."""
    return timedelta(seconds=settings.RECONNECT_WINDOW_S)


def tag_lead_ms() -> int:
    """A tag is stamped this long before the key was pressed: the doubtful word came first."""
    return int(settings.TAG_LEAD_MS)
