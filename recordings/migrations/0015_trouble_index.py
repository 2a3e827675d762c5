"""What is wrong with recordings, found without reading all of them."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


def say_why_nothing_is_there(apps, schema_editor):
    """Whoever was connected and left no file: said by the row itself from now on."""
    recordings = apps.get_model("recordings", "Recording").objects
    recordings.filter(stage="EMPTY", call__live_at__isnull=False).update(uncomposed="no files")


class Migration(migrations.Migration):
    atomic = False  # the index is built while recordings come in
    dependencies = [
        ("interviews", "0001_initial"),
        ("recordings", "0014_track_levels"),
    ]

    operations = [
        migrations.RunPython(say_why_nothing_is_there, migrations.RunPython.noop),
        AddIndexConcurrently(
            model_name="recording",
            index=models.Index(
                fields=["-created_at"],
                name="recording_trouble",
                condition=models.Q(
                    models.Q(("stage__in", ["STORED", "EMPTY", "DELETED"]), _negated=True),
                    models.Q(
                        ("stage__in", ["STORED", "EMPTY"]),
                        models.Q(
                            models.Q(("error", ""), _negated=True),
                            models.Q(("damaged", []), _negated=True),
                            models.Q(("uncomposed", ""), _negated=True),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
            ),
        ),
    ]
