import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("queueing", "0002_transferred_offers")]

    operations = [
        migrations.CreateModel(
            name="RuleVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(unique=True, verbose_name="版本")),
                (
                    "state",
                    models.CharField(
                        choices=[("DRAFT", "草稿"), ("IN_FORCE", "生效"), ("RETIRED", "历史")],
                        default="DRAFT",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("policy", models.JSONField(default=dict, verbose_name="规则")),
                ("revision", models.PositiveIntegerField(default=1)),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="说明")),
                ("written_by", models.CharField(blank=True, max_length=60, verbose_name="编写人")),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="创建时间"
                    ),
                ),
                (
                    "published_by",
                    models.CharField(blank=True, max_length=60, verbose_name="发布人"),
                ),
                (
                    "published_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="发布时间"),
                ),
                (
                    "retired_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="停用时间"),
                ),
            ],
            options={
                "verbose_name": "分案规则",
                "verbose_name_plural": "分案规则",
                "ordering": ["-number"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "DRAFT")),
                        fields=("state",),
                        name="rules_one_draft",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "IN_FORCE")),
                        fields=("state",),
                        name="rules_one_in_force",
                    ),
                ],
            },
        ),
    ]
