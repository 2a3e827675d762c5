"""First copies that stayed locked when their files moved were forgotten: all that moved are looked at."""

import datetime as dt

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.utils import timezone

BATCH = 10_000


def look_again(apps, _editor):
    """In batches: each a statement of its own."""
    moved = apps.get_model("recordings", "StoredObject").objects.filter(tier="cold")
    after, yesterday = 0, timezone.localdate() - dt.timedelta(days=1)
    while batch := list(
        moved.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH]
    ):
        moved.filter(pk__in=batch).update(first_copy_until=yesterday)
        after = batch[-1]


class Migration(migrations.Migration):
    atomic = False  # the index is built while recordings come in
    dependencies = [
        ("recordings", "0023_dates_and_locks_to_work_out"),
    ]

    operations = [
        migrations.AddField(
            model_name="storedobject",
            name="first_copy_until",
            field=models.DateField(
                blank=True, editable=False, null=True, verbose_name="在线副本锁定至"
            ),
        ),
        migrations.RunPython(look_again, migrations.RunPython.noop),
        AddIndexConcurrently(
            model_name="storedobject",
            index=models.Index(
                condition=models.Q(("first_copy_until__isnull", False)),
                fields=["first_copy_until"],
                name="stored_twice",
            ),
        ),
    ]
