"""The embedded credit book, to look at."""

from django.contrib import admin

from accounts.admin_access import OperationAdmin, TabularOperationInline

from .models import CreditCase, CreditImage, CreditParty, NodeTime


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
    search_fields = ["contract_no", "case_no", "manager_no"]
    exclude = ["repayment_account"]
    inlines = [CreditPartyInline, NodeTimeInline]


@admin.register(CreditImage)
class CreditImageAdmin(OperationAdmin):
    view_operation = "operations.view"
    list_display = ["title", "kind", "person", "case"]
    exclude = ["content"]
