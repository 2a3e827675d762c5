"""What a deletion that was stopped half way had taken, and such deletions found at once."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the index is built while recordings come in
    dependencies = [
        ("recordings", "0017_long_lists"),
    ]

    operations = [
        migrations.AddField(
            model_name="deletioncertificate",
            name="gone",
            field=models.JSONField(blank=True, default=list, verbose_name="已不在存储中"),
        ),
        AddIndexConcurrently(
            model_name="deletioncertificate",
            index=models.Index(
                condition=models.Q(("done_at", None)),
                fields=["begun_at"],
                name="certificate_not_done",
            ),
        ),
    ]
