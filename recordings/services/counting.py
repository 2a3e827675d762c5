"""How much is in the store, counted in the background for the page 容量与保管."""

import datetime as dt

from django.db import transaction
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncMonth

from common.clock import db_now
from recordings.health import FORECAST_DAYS
from recordings.models import CapacityCount, StoredObject

COUNT_EVERY = dt.timedelta(hours=6)


def count_store() -> bool:
    """Read the files once and keep their sums. False when that was done lately."""
    now = db_now()
    if CapacityCount.objects.filter(counted_at__gt=now - COUNT_EVERY).exists():
        return False
    recent = Q(confirmed_at__gte=now - dt.timedelta(days=FORECAST_DAYS))
    rows = (
        StoredObject.objects.exclude(confirmed_at=None)
        .annotate(month=TruncMonth("confirmed_at"))
        .values("month", "kind")
        .annotate(files=Count("pk"), recent=Sum("bytes", filter=recent), bytes=Sum("bytes"))
        .order_by("month", "kind")
    )
    lines = [
        {**row, "month": f"{row['month']:%Y-%m}", "recent": row["recent"] or 0} for row in rows
    ]
    with transaction.atomic():
        CapacityCount.objects.all().delete()
        CapacityCount.objects.create(counted_at=now, lines=lines)
    return True
