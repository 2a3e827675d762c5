"""Pages of long tables: what is beyond the bound is found by a filter, not by leafing."""

from functools import cached_property

from django.core.paginator import Paginator
from django.db.models import Model, QuerySet

MOST_ROWS = 5_000


class BoundedPaginator(Paginator[Model]):
    """Counts no further than MOST_ROWS, so that a list of millions costs what a short one does."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if isinstance(rows, QuerySet):
            return rows.order_by().values("pk")[:MOST_ROWS].count()
        return min(len(rows), MOST_ROWS)
