"""The embedded credit book: a small credit system, so that the whole runs alone."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.crypto import EncryptedTextField


class Node(models.TextChoices):
    """CRD-1: the way of a loan."""

    APPLIED = "APPLIED", _("提交申请")
    FIRST_REVIEW = "FIRST_REVIEW", _("初审")
    HOME_VISIT = "HOME_VISIT", _("家访")
    INTERVIEW = "INTERVIEW", _("面谈")
    SIGNING = "SIGNING", _("面签")
    NOTARISED = "NOTARISED", _("公证")
    LIEN = "LIEN", _("已出他证")
    DISBURSED = "DISBURSED", _("放款")


class CreditCase(models.Model):
    """A case as the credit system knows it."""

    contract_no = models.CharField(_("借款合同号"), max_length=40, unique=True)
    case_no = models.CharField(_("案件号"), max_length=40, unique=True)
    product_code = models.CharField(_("产品代码"), max_length=40)
    product_name = models.CharField(_("产品名称"), max_length=80)
    channel_name = models.CharField(_("渠道名称"), max_length=80, blank=True)
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
    interview_state = models.CharField(_("面谈状态"), max_length=10, blank=True)
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
    updated_at = models.DateTimeField(_("更新时间"), auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = _("信贷案件")
        ordering = ["contract_no"]

    def __str__(self) -> str:
        return self.contract_no


class CreditParty(models.Model):
    """A line of the credit system's party list; the same person may stand on several."""

    case = models.ForeignKey(CreditCase, on_delete=models.CASCADE, related_name="parties")
    role = models.CharField(_("角色"), max_length=20)
    name = models.CharField(_("姓名"), max_length=80)
    phone = EncryptedTextField(_("注册手机号码"))
    id_type = models.CharField(_("证件类型"), max_length=20, default="身份证")  # data
    id_no = EncryptedTextField(_("证件号码"))
    marital_status = models.CharField(_("婚姻状况"), max_length=20, blank=True)
    relation = models.CharField(_("与借款人关系"), max_length=40, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("信贷案件干系人")

    def __str__(self) -> str:
        return f"{self.case_id} {self.role}"


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


class ReceivedMessage(models.Model):
    """Inbox of the embedded book: a message id is applied once."""

    message_id = models.CharField(primary_key=True, max_length=80)
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("已收消息")

    def __str__(self) -> str:
        return self.message_id
