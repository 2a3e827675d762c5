"""Rows of old recordings are marked for indexing anew; what the picture of a file is like."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the index is built while searches go on
    dependencies = [
        ("recordings", "0010_sent_bytes"),
    ]

    operations = [
        migrations.AddField(
            model_name="archiveentry",
            name="is_whole",
            field=models.BooleanField(db_default=False, editable=False),
        ),
        AddIndexConcurrently(
            model_name="archiveentry",
            index=models.Index(
                fields=["-started_at"],
                name="archive_to_index",
                condition=models.Q(("is_whole", False)),
            ),
        ),
        migrations.AddField(
            model_name="recordingtrack",
            name="picture",
            field=models.JSONField(blank=True, default=dict, verbose_name="画面"),
        ),
    ]
