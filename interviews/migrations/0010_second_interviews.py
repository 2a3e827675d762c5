"""退回二次面谈 is counted. The database knows the default: what runs on during the change knows no column."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("interviews", "0009_long_lists"),
    ]

    operations = [
        migrations.AddField(
            model_name="interviewtask",
            name="returns",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, editable=False, verbose_name="退回次数"
            ),
        ),
    ]
