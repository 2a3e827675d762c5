"""The database's clock decides deadlines: web, worker and Celery may disagree by seconds."""

import datetime as dt

from django.db import connection
from django.utils import timezone


def db_now() -> dt.datetime:
    """Now, by PostgreSQL's clock, aware."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    assert row is not None  # noqa: S101 - SELECT without FROM always has one row
    now: dt.datetime = row[0]
    return now.astimezone(timezone.get_current_timezone())


def unix_ms(moment: dt.datetime) -> int:
    """Milliseconds since 1970-01-01T00:00Z of an aware datetime."""
    return round(moment.timestamp() * 1000)
