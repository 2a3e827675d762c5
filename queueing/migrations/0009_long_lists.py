"""Lists of millions: newest first and by state, without reading all."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the indexes are built while rows come in
    dependencies = [
        ("interviews", "0009_long_lists"),
        ("queueing", "0008_first_alert_rules"),
        ("seats", "0004_daily_cases"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="callrequest",
            index=models.Index(fields=["state", "-arrived_at"], name="request_by_state"),
        ),
        AddIndexConcurrently(
            model_name="offer",
            index=models.Index(fields=["-offered_at"], name="offer_latest"),
        ),
        AddIndexConcurrently(
            model_name="offer",
            index=models.Index(fields=["state", "-offered_at"], name="offer_by_state"),
        ),
    ]
