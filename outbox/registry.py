"""Which function handles which topic. Filled by each app's handlers.py in AppConfig.ready()."""

from collections.abc import Callable
from typing import Any

Handler = Callable[[str, dict[str, Any]], None]
_handlers: dict[str, list[tuple[str, Handler]]] = {}
_fleeting: set[str] = set()


def handles(topic: str, *, kept: bool = True) -> Callable[[Handler], Handler]:
    """Register `handler(message_id, payload)` for a topic. It may run twice: it must be idempotent.

    With `kept=False` a message goes when it was delivered: one of hundreds that nobody looks at again.
    """

    def register(handler: Handler) -> Handler:
        name = f"{handler.__module__}.{handler.__qualname__}"
        _handlers.setdefault(topic, []).append((name, handler))
        if not kept:
            _fleeting.add(name)
        return handler

    return register


def names_for(topic: str) -> list[str]:
    return [name for name, _ in _handlers.get(topic, [])]


def is_kept(name: str) -> bool:
    return name not in _fleeting


def handler_named(name: str) -> Handler:
    for entries in _handlers.values():
        for known, handler in entries:
            if known == name:
                return handler
    raise LookupError(name)
