"""Lists of millions: newest first and by state, without reading all."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the indexes are built while rows come in
    dependencies = [
        ("outbox", "0002_skipped"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="outboxmessage",
            index=models.Index(
                condition=models.Q(("state", "skipped")), fields=["id"], name="outbox_skipped"
            ),
        ),
    ]
