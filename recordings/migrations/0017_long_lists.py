"""Lists of millions: newest first and by state, without reading all."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the indexes are built while rows come in
    dependencies = [
        ("interviews", "0009_long_lists"),
        ("recordings", "0016_rule_set_by"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="recording",
            index=models.Index(fields=["stage", "-day", "-serial"], name="recording_by_stage"),
        ),
    ]
