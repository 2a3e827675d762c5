from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="MediaWorker",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "worker_id",
                    models.CharField(max_length=64, unique=True, verbose_name="节点编号"),
                ),
                ("control_url", models.CharField(max_length=200, verbose_name="控制地址")),
                ("started_at", models.DateTimeField(verbose_name="启动时间")),
                ("last_heartbeat_at", models.DateTimeField(db_index=True, verbose_name="最近心跳")),
                ("capacity", models.PositiveIntegerField(verbose_name="容量（通话数）")),
                ("calls", models.PositiveIntegerField(default=0, verbose_name="通话数")),
                ("legs", models.PositiveIntegerField(default=0, verbose_name="连接数")),
                (
                    "loop_lag_p99_ms",
                    models.FloatField(default=0, verbose_name="循环延迟 p99（毫秒）"),
                ),
                ("draining", models.BooleanField(default=False, verbose_name="排空中")),
                ("disk_free_percent", models.FloatField(default=100, verbose_name="磁盘剩余（%）")),
            ],
            options={
                "verbose_name": "媒体节点",
                "verbose_name_plural": "媒体节点",
                "ordering": ["worker_id"],
            },
        ),
    ]
