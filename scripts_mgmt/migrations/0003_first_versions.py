"""Every script there is becomes the first version of a series of its own."""

import uuid

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def begin_series(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    for script in apps.get_model("scripts_mgmt", "Script").objects.all():
        script.series = uuid.uuid4()
        script.effective_from = script.created_at
        script.published_at = script.created_at if script.enabled else None
        script.save()


class Migration(migrations.Migration):
    dependencies = [("scripts_mgmt", "0002_versions")]
    operations = [migrations.RunPython(begin_series, migrations.RunPython.noop)]
