from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("marketing_media", "0003_disable_without_file")]
    operations = [
        migrations.AddConstraint(
            model_name="mediaitem",
            constraint=models.CheckConstraint(
                condition=models.Q(("enabled", False), ("play_epoch__gt", 0), _connector="OR"),
                name="enabled_media_can_be_played",
            ),
        ),
    ]
