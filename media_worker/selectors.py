"""Reads of the worker registry."""

import datetime as dt

from django.db.models import ExpressionWrapper, F, FloatField, QuerySet

from common.clock import db_now
from media_worker.gateway import MediaUnavailable
from media_worker.models import MediaWorker

FRESH = dt.timedelta(seconds=6)
DISK_FLOOR_PERCENT = 5.0


def live_workers(fresh: dt.timedelta = FRESH) -> QuerySet[MediaWorker]:
    """Workers whose last heartbeat is at most `fresh` old, draining ones included."""
    return MediaWorker.objects.filter(last_heartbeat_at__gte=db_now() - fresh)


def choose_worker(*, exclude: str = "") -> MediaWorker:
    """The least loaded worker that may take a call; `exclude` names one just seen dead.

    Raises MediaUnavailable when there is none.
    """
    worker = (
        live_workers()
        .filter(
            draining=False,
            disk_free_percent__gte=DISK_FLOOR_PERCENT,
            calls__lt=F("capacity"),
        )
        .exclude(worker_id=exclude)
        .annotate(
            load=ExpressionWrapper(
                F("calls") * 1.0 / F("capacity"),
                output_field=FloatField(),
            )
        )
        .order_by("load", "loop_lag_p99_ms", "worker_id")
        .first()
    )
    if worker is None:
        raise MediaUnavailable
    return worker


def worker_is_alive(worker_id: str, fresh: dt.timedelta = FRESH) -> bool:
    return live_workers(fresh).filter(worker_id=worker_id).exists()
