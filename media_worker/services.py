"""Writes of the worker registry."""

import datetime as dt

from common.clock import db_now
from media_worker.models import MediaWorker
from media_worker.protocol import Heartbeat


def record_heartbeat(beat: Heartbeat) -> MediaWorker:
    """Note that a worker lives. The database's clock says when, not the worker's."""
    worker, _created = MediaWorker.objects.update_or_create(
        worker_id=beat.worker_id,
        defaults={
            "control_url": beat.control_url,
            "started_at": dt.datetime.fromtimestamp(beat.started_at_unix_ms / 1000, tz=dt.UTC),
            "last_heartbeat_at": db_now(),
            "capacity": beat.capacity,
            "calls": beat.calls,
            "legs": beat.legs,
            "loop_lag_p99_ms": beat.loop_lag_p99_ms,
            "draining": beat.draining,
            "disk_free_percent": beat.disk_free_percent,
        },
    )
    return worker
