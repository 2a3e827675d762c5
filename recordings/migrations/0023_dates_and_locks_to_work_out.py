"""Which recordings want a date and which files a lock is marked, instead of found among all there are.

Everything that is there is marked once: the rounds after the upgrade go through it.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the indexes are built while recordings come in
    dependencies = [
        ("recordings", "0022_in_storing_order"),
    ]

    operations = [
        migrations.AddField(
            model_name="recording",
            name="lock_until",
            field=models.DateField(
                blank=True, editable=False, null=True, verbose_name="存储应锁定至"
            ),
        ),
        migrations.AddField(
            model_name="recording",
            name="cold_due",
            field=models.DateField(
                blank=True, editable=False, null=True, verbose_name="转入归档层"
            ),
        ),
        migrations.AddField(
            model_name="recording",
            name="date_due",
            field=models.BooleanField(db_default=True, default=True, editable=False),
        ),
        migrations.AddField(
            model_name="retentionrule",
            name="spread_after",
            field=models.UUIDField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="storedobject",
            name="lock_due",
            field=models.BooleanField(db_default=True, default=True, editable=False),
        ),
        AddIndexConcurrently(
            model_name="recording",
            index=models.Index(
                condition=models.Q(("date_due", True), ("stage", "STORED")),
                fields=["id"],
                name="recording_to_date",
            ),
        ),
        AddIndexConcurrently(
            model_name="recording",
            index=models.Index(
                condition=models.Q(("cold_due__isnull", False), ("stage", "STORED")),
                fields=["cold_due"],
                name="recording_to_move",
            ),
        ),
        AddIndexConcurrently(
            model_name="storedobject",
            index=models.Index(
                condition=models.Q(("lock_due", True)), fields=["id"], name="stored_to_lock"
            ),
        ),
        RemoveIndexConcurrently(model_name="storedobject", name="stored_unlocked"),
        RemoveIndexConcurrently(model_name="storedobject", name="stored_hot"),
    ]
