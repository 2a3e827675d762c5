"""Reads of the worker registry."""

import datetime as dt
from collections.abc import Collection
from typing import NoReturn

from django.db.models import Count, ExpressionWrapper, F, FloatField, Q, QuerySet
from django.db.models.functions import Now

from media_worker.gateway import MediaBusy, MediaUnavailable, SpoolFull
from media_worker.models import MediaWorker

FRESH = dt.timedelta(seconds=6)
DISK_WARN_FREE_PERCENT = 20.0  # the spool is 80 % full: somebody should make room (D1)
_WITH_DISK = Q(holds_another=True)
_WITH_CAPACITY = Q(calls__lt=F("capacity"), lagging=False)
_BY_LOAD = ("load", "loop_lag_p99_ms", "worker_id")


def live_workers(fresh: dt.timedelta = FRESH) -> QuerySet[MediaWorker]:
    """Workers whose last heartbeat is at most `fresh` old, draining ones included."""
    return MediaWorker.objects.filter(last_heartbeat_at__gte=Now() - fresh)


def choose_worker(*, going_on: bool = False, exclude: Collection[str] = ()) -> MediaWorker:
    """The least loaded worker that may take a call; `exclude` names those that refused it.

    One that is `going_on` goes to where there is room, and without that to any that takes calls: no
    worker refuses what was begun. Raises SpoolFull or MediaBusy when those that live have no room,
    MediaUnavailable when there is none.
    """
    alive = live_workers().filter(draining=False).exclude(worker_id__in=exclude)
    with_load = alive.annotate(
        load=ExpressionWrapper(F("calls") * 1.0 / F("capacity"), output_field=FloatField())
    )
    worker = with_load.filter(_WITH_DISK, _WITH_CAPACITY).order_by(*_BY_LOAD).first()
    if worker is None and going_on:
        worker = with_load.order_by("-holds_another", "lagging", *_BY_LOAD).first()
    if worker is None:
        _explain(alive)
    return worker


def _explain(alive: QuerySet[MediaWorker]) -> NoReturn:
    if not alive.exists():
        raise MediaUnavailable
    raise MediaBusy if alive.filter(_WITH_DISK).exists() else SpoolFull


def has_media_room() -> bool:
    """Whether a further call fits somewhere.

    True while no worker is heard: a restart takes a second and the clients try again.
    """
    return _fits(_WITH_DISK & _WITH_CAPACITY)


def require_media_room() -> None:
    """Raises SpoolFull or MediaBusy when a further call would not fit anywhere."""
    if not has_media_room():
        _explain(live_workers().filter(draining=False))


def require_disk_room() -> None:
    """Raises SpoolFull when no disk can hold the recording of a further call."""
    if not _fits(_WITH_DISK):
        raise SpoolFull


def _fits(condition: Q) -> bool:
    """Whether one of those heard fulfils it, or none is heard."""
    found = (
        live_workers()
        .filter(draining=False)
        .aggregate(heard=Count("pk"), fitting=Count("pk", filter=condition))
    )
    return bool(found["fitting"] or not found["heard"])


def worker_is_alive(worker_id: str, fresh: dt.timedelta = FRESH) -> bool:
    return live_workers(fresh).filter(worker_id=worker_id).exists()
