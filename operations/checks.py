"""Whether each part of the system works, seen from this process. Read by /readyz and `doctor`."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache as remember
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _
from redis import Redis
from redis.exceptions import RedisError

from common.queues import LONG, SHORT
from media_worker.selectors import DISK_WARN_FREE_PERCENT, live_workers

CELERY_SEEN_KEY = "operations.celery_seen"
LONG_SEEN_KEY = "operations.celery_long_seen"
CELERY_FRESH_S = 15.0
WAITING_WARN = 100  # as many tasks in a queue mean that it does not keep up
MEDIA_FRESH = timedelta(seconds=10)
SPOOL_FREE_BYTES = 512 * 1024**2
SPOOL_FREE_PERCENT = 3.0


@dataclass(frozen=True)
class Finding:
    """One part: does it work, what was seen, and does web traffic depend on it.

    `warning`: it works, and somebody should look after it before it does not.
    """

    ok: bool
    detail: str
    required: bool = True
    warning: bool = False


def _database() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version')")
        (version,) = cursor.fetchone()
    return Finding(True, f"PostgreSQL {version}")


@remember
def _migrated() -> bool:
    """Asked until it is true once: only a new release can make it false, and that is a restart."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise _NotMigrated
    return True


class _NotMigrated(Exception):
    """Raised, not returned, so that a negative answer is not remembered."""


def _migrations() -> Finding:
    try:
        _migrated()
    except _NotMigrated:
        return Finding(False, _("有未执行的数据库迁移：请运行 manage.py migrate"))
    return Finding(True, _("数据库结构是最新的"))


def _redis() -> Finding:
    probe = f"{time.time()}"
    cache.set("operations.probe", probe, 5)
    return Finding(cache.get("operations.probe") is not None, "Redis")


def _media() -> Finding:
    workers = [worker for worker in live_workers(MEDIA_FRESH) if not worker.draining]
    if not workers:
        return Finding(False, _("没有在线的媒体服务进程"))
    detail = _("在线媒体服务：%(count)d") % {"count": len(workers)}
    if aside := sum(worker.events_set_aside for worker in workers):
        told = {"detail": detail, "aside": aside}
        detail = _("%(detail)s，搁置了 %(aside)d 条无法处理的事件：请联系开发") % told
    return Finding(True, detail, warning=aside > 0)


def _spool() -> Finding:
    usage = shutil.disk_usage(Path(settings.SPOOL_DIR))
    percent = 100 * usage.free / usage.total
    detail = _("录制盘剩余 %(percent).0f%%（%(gb).1f GB）") % {
        "percent": percent,
        "gb": usage.free / 1024**3,
    }
    warning = percent < DISK_WARN_FREE_PERCENT
    if warning:
        detail = _("%(detail)s，已用超过 80%%：请清理或扩容") % {"detail": detail}
    works = usage.free >= SPOOL_FREE_BYTES and percent >= SPOOL_FREE_PERCENT
    return Finding(works, detail, warning=works and warning)


def _celery() -> Finding:
    """Not required: pages and calls go on without it, work waits in its rows."""
    seen = cache.get(CELERY_SEEN_KEY)
    if seen is None:
        return Finding(False, _("后台任务没有响应"), required=False)
    detail = _("后台任务 %(age).0f 秒前有响应，排队 %(waiting)d 项")
    return _background(detail, seen, SHORT)


def _celery_long() -> Finding:
    """Composing, storing, exports. Busy is not dead: it tells of itself while all its threads work."""
    seen = cache.get(LONG_SEEN_KEY)
    if seen is None:
        return Finding(False, _("长任务进程没有响应"), required=False)
    detail = _("长任务进程 %(age).0f 秒前有响应，正在处理 %(busy)d 项，排队 %(waiting)d 项")
    return _background(detail, seen["at"], LONG, busy=seen["busy"])


def _background(detail: str, seen_at: float, queue: str, **facts: int) -> Finding:
    age = max(time.time() - seen_at, 0)
    waiting = _broker().llen(queue)
    detail %= {"age": age, "waiting": waiting, **facts}
    works = age < CELERY_FRESH_S
    return Finding(works, detail, required=False, warning=works and waiting >= WAITING_WARN)


@remember
def _broker() -> "Redis[bytes]":
    return Redis.from_url(settings.CELERY_BROKER_URL, socket_timeout=2, socket_connect_timeout=2)


CHECKS: dict[str, Callable[[], Finding]] = {
    "database": _database,
    "migrations": _migrations,
    "redis": _redis,
    "media": _media,
    "spool": _spool,
    "celery": _celery,
    "celery-long": _celery_long,
}


def findings() -> dict[str, Finding]:
    """Every check's finding; a part that cannot be reached is a finding, not an error."""
    found: dict[str, Finding] = {}
    for name, check in CHECKS.items():
        try:
            found[name] = check()
        except (DatabaseError, RedisError, OSError) as error:
            # The kind only: addresses and passwords can stand in the text.
            required = name not in ("celery", "celery-long")
            found[name] = Finding(False, type(error).__name__, required=required)
    return found


def is_ready(found: dict[str, Finding]) -> bool:
    return all(finding.ok for finding in found.values() if finding.required)
