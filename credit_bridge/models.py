"""The embedded credit book: a small credit system, so that the whole runs alone."""

import json
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.crypto import EncryptedTextField, blind_index
from interviews.states import CustomerType, TaskState

from .states import InboxState, Node, ProposalState, SmsState


class CreditCase(models.Model):
    """A case as the credit system knows it."""

    contract_no = models.CharField(_("借款合同号"), max_length=40, unique=True)
    case_no = models.CharField(_("案件号"), max_length=40, unique=True)
    product_code = models.CharField(_("产品代码"), max_length=40)
    product_name = models.CharField(_("产品名称"), max_length=80)
    channel_code = models.CharField(_("渠道代码"), max_length=40, blank=True)
    channel_name = models.CharField(_("渠道名称"), max_length=80, blank=True)
    customer_type = models.CharField(
        _("客户类型"),
        max_length=10,
        choices=CustomerType.choices,
        default=CustomerType.ORDINARY,
    )
    manager_no = models.CharField(_("客户经理工号"), max_length=20)
    manager_name = models.CharField(_("客户经理"), max_length=60)
    property_province = models.CharField(_("房产所在省"), max_length=12, blank=True)
    property_city = models.CharField(_("房产所在市"), max_length=12, blank=True)
    property_county = models.CharField(_("房产所在区县"), max_length=12, blank=True)
    property_address = models.CharField(_("房产位置"), max_length=200, blank=True)
    applied_on = models.DateField(_("申请日期"))
    node = models.CharField(
        _("当前节点"), max_length=12, choices=Node.choices, default=Node.INTERVIEW
    )
    interview_state = models.CharField(
        _("面谈状态"), max_length=10, choices=TaskState.choices, blank=True
    )
    interview_generation = models.PositiveIntegerField(_("面谈代次"), default=0)
    reject_reasons = ArrayField(
        models.CharField(max_length=120), verbose_name=_("拒件原因"), default=list, blank=True
    )
    # WB-14, exact types (NFR-4)
    amount = models.DecimalField(_("贷款金额（元）"), max_digits=14, decimal_places=2)
    term_months = models.PositiveIntegerField(_("贷款期限（月）"))
    annual_rate = models.DecimalField(_("执行年利率（%）"), max_digits=6, decimal_places=4)
    disbursement = models.CharField(_("放款方式"), max_length=40)
    repayment_bank = models.CharField(_("还款账号开户行"), max_length=80)
    repayment_account = EncryptedTextField(_("还款账号"))
    repayment_day = models.PositiveSmallIntegerField(_("统一还款日"))
    first_repayment_on = models.DateField(_("首次还款日"), null=True, blank=True)
    contract_submitted_at = models.DateTimeField(_("合同信息提交时间"), null=True, blank=True)
    updated_at = models.DateTimeField(_("更新时间"), auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = _("信贷案件")
        ordering = ["contract_no"]
        indexes = [
            models.Index(fields=["manager_no"]),
            models.Index(fields=["node", "contract_no"], name="case_by_node"),
            models.Index(fields=["interview_state", "contract_no"], name="case_by_state"),
        ]

    def __str__(self) -> str:
        return self.contract_no


class CreditParty(models.Model):
    """A line of the credit system's party list; the same person may stand on several."""

    case = models.ForeignKey(CreditCase, on_delete=models.CASCADE, related_name="parties")
    role = models.CharField(_("角色"), max_length=20)
    name = models.CharField(_("姓名"), max_length=80)
    phone = EncryptedTextField(_("注册手机号码"))
    phone_index = models.CharField(max_length=64, db_index=True, editable=False, default="")
    id_type = models.CharField(_("证件类型"), max_length=20, default="身份证")  # data
    id_no = EncryptedTextField(_("证件号码"))
    marital_status = models.CharField(_("婚姻状况"), max_length=20, blank=True)
    relation = models.CharField(_("与借款人关系"), max_length=40, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("信贷案件干系人")

    def __str__(self) -> str:
        return f"{self.case_id} {self.role}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.phone_index = blind_index(self.phone)
        super().save(*args, **kwargs)


class CreditImage(models.Model):
    """影像平台: what was filed before the interview."""

    case = models.ForeignKey(CreditCase, on_delete=models.CASCADE, related_name="images")
    kind = models.CharField(_("类别"), max_length=20)
    title = models.CharField(_("名称"), max_length=80)
    person = models.CharField(_("所属人"), max_length=80)
    media_type = models.CharField(max_length=40, default="image/jpeg")
    content = models.BinaryField()

    class Meta:
        verbose_name = verbose_name_plural = _("客户影像")

    def __str__(self) -> str:
        return self.title


class NodeTime(models.Model):
    """When a case reached a node."""

    case = models.ForeignKey(CreditCase, on_delete=models.CASCADE, related_name="node_times")
    node = models.CharField(_("节点"), max_length=12, choices=Node.choices)
    at = models.DateTimeField(_("时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("节点时间")
        constraints = [models.UniqueConstraint(fields=["case", "node"], name="node_once")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.node}"


class SmsMessage(models.Model):
    """消息中心 of the embedded book: what was sent, once each."""

    message_id = models.CharField(primary_key=True, max_length=120)
    phone = EncryptedTextField(_("手机号码"))
    text = EncryptedTextField(_("内容"))
    # What the result is asked by: the contract and the party's id at the interview system.
    contract_no = models.CharField(_("借款合同号"), max_length=40, blank=True, db_index=True)
    party_ref = models.CharField(max_length=40, blank=True)
    state = models.CharField(
        _("结果"), max_length=8, choices=SmsState.choices, default=SmsState.SENT
    )
    reason = models.CharField(_("失败原因"), max_length=80, blank=True)
    sent_at = models.DateTimeField(_("发送时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("短信")
        ordering = ["-sent_at"]
        indexes = [models.Index(fields=["-sent_at", "-message_id"], name="sms_latest")]

    def __str__(self) -> str:
        return self.message_id


class ReceivedMessage(models.Model):
    """Inbox of the embedded book: a message id is applied once."""

    message_id = models.CharField(primary_key=True, max_length=80)
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("已收消息")

    def __str__(self) -> str:
        return self.message_id


class CreditTask(models.Model):
    """面谈任务 as the credit system was told of it; older generations stay readable (CRD-5)."""

    case = models.ForeignKey(CreditCase, on_delete=models.CASCADE, related_name="tasks")
    generation = models.PositiveIntegerField(_("代次"))
    state = models.CharField(_("面谈状态"), max_length=10)
    reasons = ArrayField(
        models.CharField(max_length=120), verbose_name=_("拒件原因"), default=list, blank=True
    )
    slot_start = models.DateTimeField(_("预约开始"), null=True, blank=True)
    slot_end = models.DateTimeField(_("预约结束"), null=True, blank=True)
    staff_no = models.CharField(_("坐席工号"), max_length=20, blank=True)
    slot_state = models.CharField(_("预约状态"), max_length=10, blank=True)
    # The newest message applied: what comes late changes nothing.
    state_sequence = models.BigIntegerField(default=0)
    slot_sequence = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(_("创建时间"), default=timezone.now)
    updated_at = models.DateTimeField(_("更新时间"), auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = _("信贷面谈任务")
        ordering = ["generation"]
        constraints = [
            models.UniqueConstraint(fields=["case", "generation"], name="credit_task_generation")
        ]

    def __str__(self) -> str:
        return f"{self.case_id}#{self.generation}"


class CreditProposal(models.Model):
    """贷款方案 changed in an interview, as 移动营销 confirms or refuses it (WB-14, MM-1)."""

    case = models.ForeignKey(CreditCase, on_delete=models.CASCADE, related_name="proposals")
    message_id = models.CharField(max_length=80, unique=True)
    sequence = models.BigIntegerField(default=0)
    generation = models.PositiveIntegerField(_("代次"))
    changes = EncryptedTextField(_("修改内容"))  # JSON of field -> text; may hold an account
    proposed_by = models.CharField(_("提出坐席"), max_length=60)
    proposed_at = models.DateTimeField(_("提出时间"), default=timezone.now)
    state = models.CharField(
        _("状态"), max_length=10, choices=ProposalState.choices, default=ProposalState.OPEN
    )
    decided_at = models.DateTimeField(_("处理时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("贷款方案修改")
        ordering = ["sequence", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=models.Q(state=ProposalState.OPEN),
                name="proposal_one_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.proposed_at:%F}"


class AccountHolder(models.Model):
    """Who has an account in 原银在线; everybody else logs in openly (APP-4)."""

    phone_index = models.CharField(primary_key=True, max_length=64)

    class Meta:
        verbose_name = verbose_name_plural = _("原银在线开户客户")

    def __str__(self) -> str:
        return self.phone_index[:8]


class InboxRequest(models.Model):
    """A partner's command, by its Idempotency-Key: said twice, done once, answered alike."""

    partner = models.CharField(_("系统"), max_length=60)
    key = models.CharField(_("幂等键"), max_length=80)
    fingerprint = models.CharField(max_length=64)  # of method, path and body
    state = models.CharField(
        _("状态"), max_length=8, choices=InboxState.choices, default=InboxState.RUNNING
    )
    status = models.PositiveSmallIntegerField(_("应答码"), default=0)
    answer = EncryptedTextField(_("应答"), blank=True, default="")
    claimed_at = models.DateTimeField(_("受理时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("收件箱")
        constraints = [models.UniqueConstraint(fields=["partner", "key"], name="inbox_once")]

    def __str__(self) -> str:
        return f"{self.partner} {self.key}"


class Reconciliation(models.Model):
    """对账: one comparison of our tasks with the credit system's."""

    day = models.DateField(_("对账日"))
    started_at = models.DateTimeField(_("开始时间"), default=timezone.now)
    finished_at = models.DateTimeField(_("完成时间"), null=True, blank=True)
    compared = models.PositiveIntegerField(_("核对任务数"), default=0)
    parked = models.PositiveIntegerField(_("搁置消息数"), default=0)
    trouble = models.CharField(_("未完成原因"), max_length=120, blank=True)
    asked_by = models.CharField(_("发起人"), max_length=60)

    class Meta:
        verbose_name = verbose_name_plural = _("对账")
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.day:%F}"


class Difference(models.Model):
    """One task on which the two books disagree."""

    reconciliation = models.ForeignKey(
        Reconciliation, on_delete=models.CASCADE, related_name="differences"
    )
    contract_no = models.CharField(_("借款合同号"), max_length=40)
    field = models.CharField(_("项目"), max_length=20)
    ours = models.CharField(_("面谈系统"), max_length=120)
    theirs = models.CharField(_("信贷系统"), max_length=120)
    on_its_way = models.BooleanField(_("消息在途"))

    class Meta:
        verbose_name = verbose_name_plural = _("对账差异")
        ordering = ["contract_no", "field"]

    def __str__(self) -> str:
        return f"{self.contract_no} {self.field}"


class LoanProposal(models.Model):
    """What the seat changed in the loan during an interview: ours, kept; told to the bank (WB-14)."""

    task = models.ForeignKey(
        "interviews.InterviewTask", on_delete=models.PROTECT, related_name="loan_proposals"
    )
    changes = EncryptedTextField(_("修改内容"))  # JSON of field -> text; may hold an account
    proposed_by = models.CharField(_("提出坐席"), max_length=60)
    proposed_at = models.DateTimeField(_("提出时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("面谈中的方案修改")
        ordering = ["-proposed_at", "-pk"]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def fields(self) -> dict[str, str]:
        """Field name of LoanDetails -> text of the new value."""
        found: dict[str, str] = json.loads(self.changes)
        return found
