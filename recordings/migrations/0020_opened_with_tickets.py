"""What was opened with a ticket: noted once, whichever part of a file was asked for."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0019_locked_until"),
    ]

    operations = [
        migrations.AddField(
            model_name="viewticket",
            name="opened",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=10), db_default=[], default=list, size=None
            ),
        ),
    ]
