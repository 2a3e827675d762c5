"""The list a bank begins with; it goes on from there in 抽检问题."""

from typing import Any

from django.db import migrations

DEFECTS = (
    "未核对身份证件或人证不符",
    "未取得录音录像同意或告知不完整",
    "未按话术完整询问，漏必问项",
    "贷款金额、期限、利率未与客户逐项确认",
    "未核实借款用途",
    "未核实收入来源与还款能力",
    "风险提示未宣读或客户未明确答复",
    "诱导、代答或暗示客户回答",
    "应存疑未存疑，直接给出通过",
    "干系人未全部到场或身份未确认",
    "有无关人员在场或受人指使未制止",
    "抓拍、标签缺失或与内容不符",
    "画面或声音不清，未要求改善仍继续",
    "服务用语、仪表不规范",
)


def fill(apps: Any, schema_editor: Any) -> None:
    defect = apps.get_model("qc", "SeatDefect")
    defect.objects.bulk_create(
        [defect(text=text, order=10 * n) for n, text in enumerate(DEFECTS, 1)],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("qc", "0007_seat_defects")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
