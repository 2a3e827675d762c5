"""Whether the store was told of a file's date; of files that came before, it is told again."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the index is built while recordings come in
    dependencies = [
        ("recordings", "0018_files_gone"),
    ]

    operations = [
        migrations.AddField(
            model_name="storedobject",
            name="locked_until",
            field=models.DateField(blank=True, null=True, verbose_name="存储锁定至"),
        ),
        AddIndexConcurrently(
            model_name="storedobject",
            index=models.Index(
                condition=models.Q(("locked_until", None)),
                fields=["recording"],
                name="stored_to_lock",
            ),
        ),
    ]
