"""Agreement is asked by when a second opinion was given, clips are listed newest first."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("qc", "0003_second_opinions_and_clips"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="secondopinion",
            index=models.Index(
                fields=["-decided_at"],
                name="second_decided",
                condition=models.Q(("decided_at__isnull", False)),
            ),
        ),
        AddIndexConcurrently(
            model_name="coachingclip",
            index=models.Index(fields=["-made_at", "-id"], name="clip_made"),
        ),
    ]
