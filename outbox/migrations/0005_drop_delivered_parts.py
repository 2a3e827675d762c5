"""News of closed parts goes when it was delivered (recordings.handlers); what was kept before goes now."""

from django.db import migrations

BATCH = 5000


def drop_delivered(apps, schema_editor):
    messages = apps.get_model("outbox", "OutboxMessage").objects
    delivered = messages.filter(topic="track.part_closed", state="done").order_by("pk")
    while keys := list(delivered.values_list("pk", flat=True)[:BATCH]):
        messages.filter(pk__in=keys).delete()


class Migration(migrations.Migration):
    atomic = False  # each batch by itself: the queue goes on meanwhile
    dependencies = [
        ("outbox", "0004_by_key"),
    ]

    operations = [
        migrations.RunPython(drop_delivered, migrations.RunPython.noop),
    ]
