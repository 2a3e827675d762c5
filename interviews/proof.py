"""The last of the passing news of a call, for whoever was not listening when it came. May be lost."""

from collections.abc import Iterable
from typing import Any

from django.core.cache import cache
from django.utils import timezone

from common.clock import unix_ms

FRESH_S = 60
NETWORK_KEPT_S = 10
KEPT_S = 24 * 3600  # longer than any call


def remember_proof(call_id: str, payload: dict[str, Any]) -> None:
    told = {"at_unix_ms": unix_ms(timezone.now()), **payload}
    cache.set(f"proof/{call_id}", told, KEPT_S)


def proofs_of(call_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """By call id; a call that has told nothing for a minute is missing."""
    found = cache.get_many([f"proof/{call_id}" for call_id in call_ids])
    since = unix_ms(timezone.now()) - FRESH_S * 1000
    return {
        key.removeprefix("proof/"): told
        for key, told in found.items()
        if told["at_unix_ms"] >= since
    }


def proven_until(call_id: str) -> int | None:
    """Unix ms of the last proof, which comes every second; None when there was none."""
    told = cache.get(f"proof/{call_id}")
    return told["at_unix_ms"] if told is not None else None


def remember_network(participant_id: str, level: str) -> None:
    cache.set(f"network/{participant_id}", level, NETWORK_KEPT_S)


def networks_of(participant_ids: Iterable[str]) -> dict[str, str]:
    """good, fair or poor by participant id; who was not measured just now is missing."""
    found = cache.get_many([f"network/{each}" for each in participant_ids])
    return {key.removeprefix("network/"): level for key, level in found.items()}


def remember_slots(leg_id: str, slots: list[dict[str, Any]]) -> None:
    cache.set(f"slots/{leg_id}", slots, KEPT_S)


def slots_of(leg_id: str) -> list[dict[str, Any]] | None:
    """Who comes through which slot of the connection; None when nothing was told of it."""
    found: list[dict[str, Any]] | None = cache.get(f"slots/{leg_id}")
    return found
