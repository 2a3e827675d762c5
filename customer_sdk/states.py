"""What the customer's screen shows, out of the states of the line and of the call. Pure."""

from enum import StrEnum


class Phase(StrEnum):
    READY = "ready"  # admitted, has not called in
    WAITING = "waiting"
    RINGING = "ringing"
    KNOCKING = "knocking"  # the call runs; the seat has to let this party in
    CONNECTING = "connecting"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    ENDED = "ended"


_OF_REQUEST = {
    "WAITING": Phase.WAITING,
    "OFFERED": Phase.RINGING,
    "CONNECTED": Phase.CONNECTING,
    "ABANDONED": Phase.READY,
    "EXPIRED": Phase.READY,
}
_OF_PLACE = {
    "KNOCKING": Phase.KNOCKING,
    "INVITED": Phase.CONNECTING,
    "PRESENT": Phase.LIVE,
    "LOST": Phase.RECONNECTING,
    "LEFT": Phase.READY,
}


def phase_of(request_state: str | None, call_state: str | None, place_state: str | None) -> Phase:
    """The phase; None means: there is no such thing yet. A place in a call outweighs the line.

    A customer who left, gave up or was dropped from the line may call in again: `ready`.
    """
    if call_state in {"ENDED", "FILED"}:
        return Phase.ENDED
    if call_state is not None and place_state is not None:
        return _OF_PLACE[place_state]
    if request_state is not None:
        return _OF_REQUEST[request_state]
    return Phase.READY
