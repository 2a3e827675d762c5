"""No item has a play-out yet: none may stay enabled."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def disable(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("marketing_media", "MediaItem").objects.update(enabled=False)


class Migration(migrations.Migration):
    dependencies = [("marketing_media", "0002_play_out")]
    operations = [migrations.RunPython(disable, migrations.RunPython.noop)]
