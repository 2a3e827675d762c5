"""A check of the log is a job; the one statement that did it in a request goes."""

import uuid
from importlib import import_module

import django.utils.timezone
from django.db import migrations, models

_CHAIN = import_module("audit.migrations.0002_hash_chain").FORWARD
_VERIFY = _CHAIN[_CHAIN.index("CREATE FUNCTION audit_verify") :]


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0003_by_action"),
    ]

    operations = [
        migrations.CreateModel(
            name="ChainCheck",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("chain", models.CharField(max_length=80, verbose_name="日志链")),
                ("asked_by_id", models.CharField(max_length=60)),
                ("asked_by", models.CharField(max_length=60, verbose_name="申请人")),
                (
                    "asked_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="申请时间"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("QUEUED", "等待校验"),
                            ("RUNNING", "正在校验"),
                            ("HOLDS", "完整"),
                            ("BROKEN", "不完整"),
                            ("FAILED", "未能完成"),
                        ],
                        default="QUEUED",
                        max_length=8,
                        verbose_name="结果",
                    ),
                ),
                ("entries", models.PositiveBigIntegerField(default=0, verbose_name="条数")),
                ("first_at", models.DateTimeField(null=True, verbose_name="首条时间")),
                ("last_at", models.DateTimeField(null=True, verbose_name="末条时间")),
                ("broken_chain", models.CharField(blank=True, max_length=80)),
                ("broken_seq", models.BigIntegerField(null=True)),
                ("finished_at", models.DateTimeField(null=True, verbose_name="完成时间")),
                ("epoch", models.PositiveIntegerField(default=0)),
                ("leased_until", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "日志链校验",
                "verbose_name_plural": "日志链校验",
                "ordering": ["-asked_at"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("QUEUED", "RUNNING"))),
                        fields=("chain",),
                        name="chain_check_one_live",
                    )
                ],
            },
        ),
        migrations.RunSQL("DROP FUNCTION audit_verify(text)", _VERIFY),
    ]
