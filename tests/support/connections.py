"""Two connections to the database at once: one acts, one waits for its lock."""

import threading
from collections.abc import Callable

from django.db import connection


def beside(act: Callable[[], object]) -> threading.Thread:
    """Run on a connection of its own."""

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def somebody_waits() -> bool:
    """Whether a connection waits for the lock of another."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_stat_clear_snapshot()"
        )  # else one sees what was, in a transaction
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])
