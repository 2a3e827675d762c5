"""The newest messages without sorting all; a state's values without reading all."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the index is built while messages are sent
    dependencies = [
        ("credit_bridge", "0006_customer_type"),
    ]

    operations = [
        migrations.AlterField(
            model_name="creditcase",
            name="interview_state",
            field=models.CharField(
                blank=True,
                choices=[
                    ("PENDING", "待面谈"),
                    ("PASSED", "已面谈（待提交面签）"),
                    ("REJECTED", "已面谈（面谈拒绝）"),
                ],
                max_length=10,
                verbose_name="面谈状态",
            ),
        ),
        AddIndexConcurrently(
            model_name="smsmessage",
            index=models.Index(fields=["-sent_at", "-message_id"], name="sms_latest"),
        ),
        AddIndexConcurrently(
            model_name="creditcase",
            index=models.Index(fields=["node", "contract_no"], name="case_by_node"),
        ),
        AddIndexConcurrently(
            model_name="creditcase",
            index=models.Index(fields=["interview_state", "contract_no"], name="case_by_state"),
        ),
    ]
