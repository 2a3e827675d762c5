"""Lists of millions: newest first and by state, without reading all."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the indexes are built while rows come in
    dependencies = [
        ("interviews", "0008_task_rehearsal_index"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="consent",
            index=models.Index(fields=["-agreed_at"], name="consent_latest"),
        ),
        AddIndexConcurrently(
            model_name="interviewtask",
            index=models.Index(fields=["state", "-created_at", "id"], name="task_by_state"),
        ),
    ]
