"""The alerts the wallboard had, as rules: with what was set as parameters until now."""

from django.db import migrations

WAS = {"longest_wait": "wait_alert_s", "line": "line_alert"}
FIRST = (
    ("longest_wait", 300, 0, "risk"),
    ("line", 6, 0, "risk"),
    ("service_level", 80, 300, "risk"),
    ("recorder", 5, 0, "stop"),
    ("disk", 20, 0, "risk"),
    ("disk", 15, 0, "stop"),
    ("worker", 10, 0, "stop"),
    ("partner_late", 120, 0, "risk"),
    ("partner_parked", 0, 0, "risk"),
)


def write(apps, schema_editor):
    rules = apps.get_model("queueing", "AlertRule")
    parameters = apps.get_model("parameters", "Parameter")
    for metric, threshold, hold_s, level in FIRST:
        was = parameters.objects.filter(scope="global", key=WAS.get(metric, "")).first()
        rules.objects.create(
            metric=metric,
            threshold=was.value if was else threshold,
            hold_s=hold_s,
            level=level,
        )
    parameters.objects.filter(key__in=WAS.values()).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("queueing", "0007_alerts"),
        ("parameters", "0002_seats_and_history"),
    ]
    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
