"""Reads of the operation log: search by keyset."""

import datetime as dt
import re
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from .models import AuditEntry

PAGE_SIZE = 50
_CURSOR = re.compile(r"([0-9]{1,17})\.([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Search:
    """Empty means: any. `actor_ids` are primary keys of the people asked for.

    `within` is what is open to who asks.
    """

    actor_ids: tuple[str, ...] | None = None
    action: str = ""
    object_type: str = ""
    object_id: str = ""
    chains: tuple[str, ...] | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    within: Q = field(default_factory=Q)


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[AuditEntry]
    older: str


def entries_found(search: Search) -> QuerySet[AuditEntry]:
    """Newest first; each condition has an index that ends in the time."""
    found = AuditEntry.objects.filter(search.within)
    if search.actor_ids is not None:
        found = found.filter(actor_kind="user", actor_id__in=search.actor_ids)
    if search.chains is not None:
        found = found.filter(chain__in=search.chains)
    exact = {
        "action": search.action,
        "object_type": search.object_type,
        "object_id": search.object_id,
    }
    found = found.filter(**{name: value for name, value in exact.items() if value})
    if search.since:
        found = found.filter(at__gte=search.since)
    if search.until:
        found = found.filter(at__lt=search.until)
    return found.order_by("-at", "-pk")


def page_of(search: Search, cursor: str = "") -> Page:
    """From the position on that a page gave as `older`; anything else is the first page."""
    found = entries_found(search)
    if shape := _CURSOR.fullmatch(cursor):
        at = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=int(shape[1]))
        found = found.filter(Q(at__lt=at) | Q(at=at, pk__lt=int(shape[2])))
    rows = list(found[: PAGE_SIZE + 1])
    older = ""
    if len(rows) > PAGE_SIZE:
        last = rows[PAGE_SIZE - 1]
        micros = (last.at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
        older = f"{micros}.{last.pk}"
    return Page(rows[:PAGE_SIZE], older)
