"""The deadlines that are swept: every place without a connection, every call without a customer."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the indexes are built while rows come in
    dependencies = [
        ("interviews", "0012_kept_places_and_audiences"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="call",
            index=models.Index(
                condition=models.Q(("deserted_until__isnull", False)),
                fields=["deserted_until"],
                name="call_deserted",
            ),
        ),
        AddIndexConcurrently(
            model_name="participant",
            index=models.Index(
                condition=models.Q(("state__in", ("KNOCKING", "INVITED", "LOST"))),
                fields=["reconnect_until"],
                name="participant_kept",
            ),
        ),
        RemoveIndexConcurrently(model_name="participant", name="participant_deadline"),
    ]
