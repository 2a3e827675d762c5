"""Files the rounds of keeping look for, in the order they look: not among all there are."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the indexes are built while recordings come in
    dependencies = [
        ("recordings", "0020_opened_with_tickets"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="storedobject",
            index=models.Index(
                condition=models.Q(("locked_until", None)), fields=["id"], name="stored_unlocked"
            ),
        ),
        RemoveIndexConcurrently(model_name="storedobject", name="stored_to_lock"),
        AddIndexConcurrently(
            model_name="storedobject",
            index=models.Index(
                condition=models.Q(("tier", "hot")), fields=["recording"], name="stored_hot"
            ),
        ),
    ]
