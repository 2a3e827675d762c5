"""Recordings of cases with more than one name are marked; the rounds of keeping index them again."""

from django.db import migrations
from django.db.models import Exists, OuterRef

BATCH = 5000


def mark(apps, schema_editor):
    entries = apps.get_model("recordings", "ArchiveEntry").objects
    parties = apps.get_model("interviews", "Party").objects
    others = parties.filter(task=OuterRef("recording__call__task")).exclude(
        name=OuterRef("customer_name")
    )
    after = None
    while True:
        rows = entries if after is None else entries.filter(pk__gt=after)
        batch = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not batch:
            return
        entries.filter(Exists(others), pk__in=batch).update(is_whole=False)
        after = batch[-1]


class Migration(migrations.Migration):
    atomic = False  # each batch by itself: searches and new recordings go on
    dependencies = [
        ("recordings", "0027_names_of_all"),
    ]

    operations = [
        migrations.RunPython(mark, migrations.RunPython.noop),
    ]
