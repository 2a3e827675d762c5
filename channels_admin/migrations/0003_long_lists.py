"""Lists of millions: newest first and by state, without reading all."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the indexes are built while rows come in
    dependencies = [
        ("channels_admin", "0002_doubts"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="admissionattempt",
            index=models.Index(fields=["reason", "-created_at", "id"], name="attempt_by_reason"),
        ),
    ]
