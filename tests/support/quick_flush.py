"""Emptying the database behind a test that commits.

Django truncates every table, which costs a file each, and writes content types and permissions
anew. Only few tables have rows by then, and those two never change: this took a second a test.
"""

import functools
from typing import Any

from django.core.management.commands import flush
from django.db.backends.base.base import BaseDatabaseWrapper

KEPT = frozenset({"django_content_type", "auth_permission"})
APPEND_ONLY = frozenset({"audit_auditentry"})  # a trigger forbids DELETE
OF_NO_MODEL = frozenset({"audit_head"})  # a chain begins anew with its entries
# Lines of the reports, and the marks that deleting leaves: last, and always.
OF_REPORTS = (
    "analytics_call_lines",
    "analytics_request_lines",
    "analytics_touched_calls",
    "analytics_touched_requests",
)


@functools.cache
def _tables() -> tuple[str, ...]:
    from django.db import connection

    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return tuple(sorted({*names, *OF_NO_MODEL} - KEPT))


def _sql_flush(_style: Any, connection: BaseDatabaseWrapper, **_options: Any) -> list[str]:
    quote = connection.ops.quote_name
    ask = " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT FROM {quote(name)})"  # noqa: S608 - our own names
        for name in _tables()
    )
    with connection.cursor() as cursor:
        cursor.execute(ask)
        filled = [name for (name,) in cursor.fetchall()]
    return [
        f"TRUNCATE {quote(name)}" if name in APPEND_ONLY else f"DELETE FROM {quote(name)}"  # noqa: S608
        for name in (*filled, *OF_REPORTS)
    ]


def install() -> None:
    """For the `flush` command of this process, which is what transactional tests end with."""
    vars(flush).update(
        sql_flush=_sql_flush, emit_post_migrate_signal=lambda *_args, **_options: None
    )
