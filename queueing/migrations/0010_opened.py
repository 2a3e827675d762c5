"""Alerts of who opens many recordings."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("queueing", "0009_long_lists"),
    ]
    operations = [
        migrations.AlterField(
            model_name="alertrule",
            name="metric",
            field=models.CharField(
                choices=[
                    ("longest_wait", "最长等待"),
                    ("line", "排队人数"),
                    ("service_level", "服务水平"),
                    ("recorder", "录制停止增长"),
                    ("disk", "录像盘剩余"),
                    ("worker", "媒体节点失联"),
                    ("partner_late", "合作系统消息迟到"),
                    ("partner_parked", "合作系统消息搁置"),
                    ("opened", "单人打开录像"),
                ],
                max_length=20,
                verbose_name="指标",
            ),
        ),
    ]
