"""Rehearsals are few: who leaves them out should not read all tasks to find them."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("interviews", "0007_supervision"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="interviewtask",
            index=models.Index(
                fields=["id"], name="task_rehearsal", condition=models.Q(("rehearsal", True))
            ),
        ),
    ]
