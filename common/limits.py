"""How often something may be done: counted in Redis, in this process alone when Redis is away."""

import hashlib
import time
from collections import OrderedDict
from typing import ClassVar

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from .errors import DomainError


class RateLimited(DomainError):
    """Too often. facts: retry_after_s."""

    code = "rate_limited"
    status = 429
    retryable = True
    message = _("操作过于频繁，请稍后再试。")


class _Local:
    """Counters of this process, for the time without Redis; bounded."""

    KEPT: ClassVar[int] = 10_000

    def __init__(self) -> None:
        self._counts: OrderedDict[str, int] = OrderedDict()

    def count(self, key: str) -> int:
        self._counts[key] = self._counts.pop(key, 0) + 1
        if len(self._counts) > self.KEPT:
            self._counts.popitem(last=False)
        return self._counts[key]


_local = _Local()


def spend(name: str, subject: str, *, most: int, within_s: int) -> None:
    """Count one use by `subject` (an id or address; only its hash is stored).

    Fixed windows of `within_s` seconds. Without Redis the limit holds per process, so that a
    customer can still call. Raises RateLimited.
    """
    now = time.time()
    window = int(now // within_s)
    digest = hashlib.sha256(subject.encode()).hexdigest()[:32]
    key = f"limit:{name}:{digest}:{window}"
    try:
        cache.add(key, 0, timeout=within_s + 1)
        used = cache.incr(key)
    except (RedisError, ValueError):  # ValueError: the window ended between the two
        used = _local.count(key)
    if used > most:
        raise RateLimited(retry_after_s=max(1, round((window + 1) * within_s - now)))
