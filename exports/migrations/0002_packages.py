"""Packages are made in the background as lists are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("exports", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="exportjob",
            name="form",
            field=models.CharField(
                choices=[("csv", "CSV"), ("xlsx", "XLSX"), ("zip", "ZIP"), ("txt", "TXT")],
                max_length=4,
                verbose_name="格式",
            ),
        ),
    ]
