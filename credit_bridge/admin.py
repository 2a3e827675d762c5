"""The embedded credit book, to look at."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin_access import OperationAdmin, TabularOperationInline
from common.masking import mask_phone

from .models import CreditCase, CreditImage, CreditParty, NodeTime, SmsMessage


class CreditPartyInline(TabularOperationInline):
    model = CreditParty
    exclude = ["phone", "id_no"]


class NodeTimeInline(TabularOperationInline):
    model = NodeTime


@admin.register(CreditCase)
class CreditCaseAdmin(OperationAdmin):
    view_operation = "operations.view"
    list_display = [
        "contract_no",
        "product_name",
        "node",
        "interview_state",
        "interview_generation",
        "manager_no",
        "updated_at",
    ]
    list_filter = ["node", "interview_state"]
    search_fields = ["contract_no__exact", "case_no__exact", "manager_no__exact"]
    search_help_text = _("完整的借款合同号、案件号或客户经理工号")
    exclude = ["repayment_account"]
    inlines = [CreditPartyInline, NodeTimeInline]


@admin.register(CreditImage)
class CreditImageAdmin(OperationAdmin):
    view_operation = "operations.view"
    list_display = ["title", "kind", "person", "case"]
    exclude = ["content"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CreditImage]:
        return super().get_queryset(request).defer("content")


@admin.register(SmsMessage)
class SmsMessageAdmin(OperationAdmin):
    """Whom and when, for operators; what was written names a customer and is not shown."""

    view_operation = "operations.view"
    list_display = ["message_id", "to", "sent_at"]
    exclude = ["phone", "text"]

    @admin.display(description=_("手机号码"))
    def to(self, sms: SmsMessage) -> str:
        return mask_phone(sms.phone)
