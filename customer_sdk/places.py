"""Where everybody stands in the line, read once for all customers of one process.

Each change of the line moves all who stand behind it: to read and push it for each of thousands
would take the process. A place is told with a heartbeat's answer, when it is another than before.
"""

import asyncio
import time
from typing import Any
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async

from queueing.selectors import places_in_line

FRESH_S = 2.0


class LinePlaces:
    """Of one event loop."""

    def __init__(self) -> None:
        self._places: dict[str, dict[str, Any]] = {}
        self._read_at = -FRESH_S
        self._reading = asyncio.Lock()

    async def of(self, request_id: str) -> dict[str, Any] | None:
        """At most FRESH_S old; None for who does not wait."""
        async with self._reading:
            if time.monotonic() - self._read_at >= FRESH_S:
                begun = time.monotonic()
                self._places = await database_sync_to_async(places_in_line)()
                self._read_at = begun
        return self._places.get(request_id)


_places: WeakKeyDictionary[asyncio.AbstractEventLoop, LinePlaces] = WeakKeyDictionary()


def line_places() -> LinePlaces:
    loop = asyncio.get_running_loop()
    if loop not in _places:
        _places[loop] = LinePlaces()
    return _places[loop]
