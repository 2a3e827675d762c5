"""Who opens an unusual number of recordings in a day is told of."""

from django.db import migrations


def write(apps, schema_editor):
    rules = apps.get_model("queueing", "AlertRule")
    rules.objects.create(metric="opened", threshold=100, hold_s=0, level="risk")


class Migration(migrations.Migration):
    dependencies = [
        ("queueing", "0010_opened"),
    ]
    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
