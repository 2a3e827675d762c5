"""What is in the store, counted in the background for the page of capacity."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0025_rebuild_asked"),
    ]

    operations = [
        migrations.CreateModel(
            name="CapacityCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("counted_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("lines", models.JSONField(default=list)),
            ],
        ),
    ]
