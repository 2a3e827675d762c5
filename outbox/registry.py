"""Which function handles which topic. Filled by each app's handlers.py in AppConfig.ready()."""

from collections.abc import Callable
from typing import Any

Handler = Callable[[str, dict[str, Any]], None]
_handlers: dict[str, list[tuple[str, Handler]]] = {}


def handles(topic: str) -> Callable[[Handler], Handler]:
    """Register `handler(message_id, payload)` for a topic. It may run twice: it must be idempotent."""

    def register(handler: Handler) -> Handler:
        _handlers.setdefault(topic, []).append(
            (f"{handler.__module__}.{handler.__qualname__}", handler)
        )
        return handler

    return register


def names_for(topic: str) -> list[str]:
    return [name for name, _ in _handlers.get(topic, [])]


def handler_named(name: str) -> Handler:
    for entries in _handlers.values():
        for known, handler in entries:
            if known == name:
                return handler
    raise LookupError(name)
