"""Requests of a socket that ask another system wait in threads of their own.

All sockets of a process share one thread for what is done in the database. A command to a media
worker may take seconds - a picture that is awaited, a worker that hangs - and nobody else's ring,
heartbeat or hang-up may wait for it.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import connections

P = ParamSpec("P")
T = TypeVar("T")

MOST_AT_ONCE = 16  # threads, and database connections while they work
_threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="asking")


async def asked(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """`function` in a thread of the pool, which keeps no connection afterwards."""

    def ask() -> T:
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return await sync_to_async(ask, thread_sensitive=False, executor=_threads)()
