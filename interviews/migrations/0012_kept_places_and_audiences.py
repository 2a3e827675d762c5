"""To whom an item plays, and calls without a customer. What runs on during the change knows no column."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("interviews", "0011_loan_amount"),
    ]

    operations = [
        migrations.AddField(
            model_name="call",
            name="deserted_until",
            field=models.DateTimeField(blank=True, null=True, verbose_name="无客户，结束于"),
        ),
        migrations.AddField(
            model_name="playout",
            name="audience",
            field=models.JSONField(
                db_default=[], default=list, editable=False, verbose_name="观看记录"
            ),
        ),
        migrations.AddField(
            model_name="playout",
            name="held",
            field=models.BooleanField(db_default=False, default=False, verbose_name="等候客户"),
        ),
        migrations.AlterField(
            model_name="participant",
            name="reconnect_until",
            field=models.DateTimeField(blank=True, null=True, verbose_name="保留至"),
        ),
    ]
