"""A recording is found by the names of everybody of its case."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0026_capacity_counts"),
    ]

    operations = [
        migrations.AlterField(
            model_name="archiveentry",
            name="name_plain",
            field=models.TextField(editable=False),
        ),
    ]
