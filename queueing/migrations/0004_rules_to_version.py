"""The rules there were become version 1, in force, in their order."""

from django.db import migrations
from django.utils import timezone


def _condition(attribute, value):
    return {"attribute": attribute, "op": "in", "values": [value]}


def _region(code):
    """Provinces were written as 33 or 330000."""
    return code.ljust(6, "0")


def forwards(apps, schema_editor):
    rules = []
    for row in apps.get_model("queueing", "DispatchRule").objects.order_by("-priority", "pk"):
        conditions = []
        if row.product_code:
            conditions.append(_condition("product", row.product_code))
        if row.channel_code:
            conditions.append(_condition("channel", row.channel_code))
        if row.property_province and row.property_province.isdecimal():
            conditions.append(_condition("property_region", _region(row.property_province)))
        seats = sorted(row.seats.values_list("pk", flat=True))
        rules.append(
            {
                "key": f"r{row.pk}",
                "name": row.name[:30],
                "enabled": row.enabled,
                "conditions": conditions,
                "steps": [
                    {
                        "scope": "seats" if seats else "all",
                        "strategy": row.strategy,
                        "seats": seats,
                    }
                ],
            }
        )
    if rules:
        apps.get_model("queueing", "RuleVersion").objects.create(
            number=1,
            state="IN_FORCE",
            policy={"rules": rules, "ageing_s": 0},
            note="由原规则转入",  # data
            published_at=timezone.now(),
        )


class Migration(migrations.Migration):
    dependencies = [("queueing", "0003_rule_versions")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
