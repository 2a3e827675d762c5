"""要点集锦 as a job of its own; those made before are cut again when somebody asks."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0028_index_names_again"),
    ]

    operations = [
        migrations.CreateModel(
            name="Reel",
            fields=[
                (
                    "recording",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="reel",
                        serialize=False,
                        to="recordings.recording",
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="文件")),
                ("key", models.CharField(max_length=80, unique=True, verbose_name="存储键")),
                ("chapters", models.JSONField(blank=True, default=list, verbose_name="片段")),
                (
                    "duration_ms",
                    models.PositiveBigIntegerField(default=0, verbose_name="时长（毫秒）"),
                ),
                ("progress", models.FloatField(default=0.0, verbose_name="进度")),
                ("made_at", models.DateTimeField(blank=True, null=True, verbose_name="完成时间")),
                ("epoch", models.PositiveIntegerField(default=0)),
                (
                    "leased_until",
                    models.DateTimeField(blank=True, null=True, verbose_name="占用至"),
                ),
                (
                    "due_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="下次处理"
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0, verbose_name="尝试次数")),
            ],
            options={
                "verbose_name": "要点集锦",
                "verbose_name_plural": "要点集锦",
                "indexes": [
                    models.Index(
                        condition=models.Q(("made_at", None)), fields=["due_at"], name="reel_due"
                    )
                ],
            },
        ),
    ]
