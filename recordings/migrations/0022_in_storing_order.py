"""Recordings in the order they were stored, for systems that ask what came since."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the index is built while recordings come in
    dependencies = [
        ("recordings", "0021_files_to_visit"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="recording",
            index=models.Index(
                condition=models.Q(("stage", "STORED")),
                fields=["stored_at", "id"],
                name="recording_stored",
            ),
        ),
    ]
