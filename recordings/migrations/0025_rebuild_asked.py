"""A rebuild is a wish on the row that whoever processes the recording fulfils."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the index is built while recordings come in
    dependencies = [
        ("recordings", "0024_first_copies"),
    ]

    operations = [
        migrations.AddField(
            model_name="recording",
            name="rebuild_asked_at",
            field=models.DateTimeField(
                blank=True, editable=False, null=True, verbose_name="申请重建时间"
            ),
        ),
        AddIndexConcurrently(
            model_name="recording",
            index=models.Index(
                condition=models.Q(
                    models.Q(("stage__in", ["STORED", "EMPTY", "DELETED"]), _negated=True),
                    ("rebuild_asked_at__isnull", False),
                    _connector="OR",
                ),
                fields=["due_at"],
                name="recording_unfinished",
            ),
        ),
        RemoveIndexConcurrently(model_name="recording", name="recording_due"),
    ]
