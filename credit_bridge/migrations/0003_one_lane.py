"""Messages on their way go to the handlers that took over: one lane per partner and contract."""

from django.db import migrations

_HANDLERS = "credit_bridge.handlers."
_SMS = {
    "invite": "booked",
    "tell_new_time": "moved",
    "tell_new_seat": "reassigned",
    "tell_expired": "expired",
    "tell_cancelled": "cancelled",
}


def rename(apps, schema_editor):
    messages = apps.get_model("outbox", "OutboxMessage").objects.exclude(state="done")
    messages.filter(handler=f"{_HANDLERS}tell_new_task").update(
        handler=f"{_HANDLERS}tell_credit_system"
    )
    for old, occasion in _SMS.items():
        for message in messages.filter(handler=_HANDLERS + old):
            message.handler = f"{_HANDLERS}tell_parties"
            message.payload = {**message.payload, "occasion": occasion}
            message.save(update_fields=["handler", "payload"])


class Migration(migrations.Migration):
    dependencies = [("credit_bridge", "0002_sms"), ("outbox", "0001_initial")]

    operations = [migrations.RunPython(rename, migrations.RunPython.noop)]
