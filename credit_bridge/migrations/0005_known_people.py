"""Lines of the book before this get their index; interviews before this get their line of history."""

from django.db import migrations

from common.crypto import blind_index


def fill(apps, schema_editor):
    for party in apps.get_model("credit_bridge", "CreditParty").objects.filter(phone_index=""):
        party.phone_index = blind_index(party.phone)
        party.save(update_fields=["phone_index"])
    tasks = apps.get_model("credit_bridge", "CreditTask").objects
    cases = apps.get_model("credit_bridge", "CreditCase").objects
    for case in cases.filter(interview_generation__gt=0):
        tasks.get_or_create(
            case=case,
            generation=case.interview_generation,
            defaults={"state": case.interview_state, "reasons": case.reject_reasons},
        )


class Migration(migrations.Migration):
    dependencies = [("credit_bridge", "0004_ports")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
