import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scripts_mgmt", "0001_initial")]
    operations = [
        migrations.RemoveConstraint(model_name="script", name="script_one_per_match"),
        migrations.RemoveConstraint(model_name="script", name="script_one_default"),
        migrations.AddField("script", "series", models.UUIDField(null=True, editable=False)),
        migrations.AddField(
            "script",
            "version",
            models.PositiveIntegerField(default=1, editable=False, verbose_name="版本"),
        ),
        migrations.AddField(
            "script",
            "effective_from",
            models.DateTimeField(
                default=django.utils.timezone.now,
                help_text="启用后从此时起适用，直到同范围的下一版本生效。",
                verbose_name="生效时间",
            ),
        ),
        migrations.AddField(
            "script",
            "published_at",
            models.DateTimeField(
                blank=True, editable=False, null=True, verbose_name="首次启用时间"
            ),
        ),
    ]
