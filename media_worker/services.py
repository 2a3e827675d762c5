"""Writes of the worker registry."""

import datetime as dt

from django.db import transaction
from django.db.models import F

from audit import services as audit
from common.actor import Actor
from common.clock import db_now
from common.errors import NotFound
from media_worker import gateway
from media_worker.models import MediaWorker
from media_worker.protocol import Heartbeat

GONE = dt.timedelta(minutes=1)


def record_heartbeat(beat: Heartbeat) -> MediaWorker:
    """Note that a worker lives. The database's clock says when, not the worker's."""
    heard = db_now()
    if beat.stopping:
        heard -= GONE  # its calls are stranded from this moment, not when it is missed
    worker, _created = MediaWorker.objects.update_or_create(
        worker_id=beat.worker_id,
        defaults={
            "control_url": beat.control_url,
            "started_at": dt.datetime.fromtimestamp(beat.started_at_unix_ms / 1000, tz=dt.UTC),
            "last_heartbeat_at": heard,
            "capacity": beat.capacity,
            "calls": beat.calls,
            "legs": beat.legs,
            "loop_lag_p99_ms": beat.loop_lag_p99_ms,
            "draining": beat.draining,
            "lagging": beat.lagging,
            "disk_free_percent": beat.disk_free_percent,
            "holds_another": beat.holds_another,
            "events_set_aside": beat.events_set_aside,
        },
    )
    return worker


def note_call_sent(worker: MediaWorker) -> None:
    """Count a call that was just given to the worker: its next heartbeat is up to 2 s away (M2)."""
    MediaWorker.objects.filter(pk=worker.pk).update(calls=F("calls") + 1)


def drain(worker_id: str, *, actor: Actor) -> int:
    """Let a worker take no new calls, before a release or a repair; how many still run on it (M2).

    Those that run go on to their end. Asking again is no error: so one sees when none is left.
    Raises NotFound, MediaUnavailable when the worker does not answer.
    """
    worker = MediaWorker.objects.filter(worker_id=worker_id).first()
    if worker is None:
        raise NotFound
    gateway.drain(worker.control_url)
    calls = gateway.health(worker.control_url).calls
    with transaction.atomic():
        # At once, not with the next heartbeat: no call may be sent there meanwhile.
        MediaWorker.objects.filter(pk=worker.pk).update(draining=True, calls=calls)
        audit.record(
            "media_worker.drained",
            actor=actor,
            object_type="media_worker",
            object_id=worker_id,
            calls=calls,
        )
    return calls
