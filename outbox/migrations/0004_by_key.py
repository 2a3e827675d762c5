"""What was told about a contract, a task or a call is looked up, not searched."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the index is built while rows come in
    dependencies = [
        ("outbox", "0003_long_lists"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="outboxmessage",
            index=models.Index(fields=["key", "id"], name="outbox_by_key"),
        ),
    ]
