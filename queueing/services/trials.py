"""试算 beside the request: a worker plays the days, the page asks how far it has come.

One trial a person, in the cache: what is lost is asked for again.
"""

import datetime as dt
from typing import Any
from uuid import uuid4

from django.core.cache import cache
from django.utils import timezone

from common.actor import Actor
from queueing import trial
from queueing.errors import TrialGone
from queueing.rules import Policy

KEPT_S = 3600


def _latest(owner: str) -> str:
    return f"trial-of:{owner}"


def _state(trial_id: str) -> str:
    return f"trial:{trial_id}"


def start_trial(policy: Policy, days: int, *, actor: Actor) -> str:
    """The draft on the last `days`; the person's trial before this one is broken off."""
    trial_id = uuid4().hex
    asked = {"policy": policy.model_dump(mode="json"), "days": days, "share": 0.0}
    cache.set(_state(trial_id), asked, KEPT_S)
    cache.set(_latest(actor.id), trial_id, KEPT_S)
    _wake(actor.id, trial_id)
    return trial_id


def run_trial(owner: str, trial_id: str) -> None:
    """What a worker does. Nothing, or no more, for a trial that another one took the place of."""
    try:
        asked = _told(owner, trial_id)
    except TrialGone:
        return
    last = timezone.localdate()
    first = last - dt.timedelta(days=asked["days"] - 1)
    policy = Policy.model_validate(asked["policy"])

    def tell(share: float) -> None:
        _told(owner, trial_id)
        cache.set(_state(trial_id), asked | {"share": share}, KEPT_S)

    try:
        found = trial.compare(policy, first, last, tell=tell)
    except TrialGone:
        return
    except Exception:
        cache.delete(_state(trial_id))  # the page must not wait for ever
        raise
    cache.set(_state(trial_id), asked | {"share": 1.0, "found": found}, KEPT_S)


def trial_state(trial_id: str, *, actor: Actor) -> dict[str, Any]:
    """{share: 0-1, found: what came out or None}. Raises TrialGone for one that failed, was lost, or
    is not this person's latest."""
    told = _told(actor.id, trial_id)
    return {"share": told["share"], "found": told.get("found")}


def _told(owner: str, trial_id: str) -> dict[str, Any]:
    told: dict[str, Any] | None = cache.get(_state(trial_id))
    if told is None or cache.get(_latest(owner)) != trial_id:
        raise TrialGone
    return told


def _wake(owner: str, trial_id: str) -> None:
    from queueing.tasks import replay  # the task calls this module

    replay.delay(owner, trial_id)
