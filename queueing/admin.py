"""分案规则, and the line to look at."""

from django.contrib import admin

from accounts.admin_access import OperationAdmin

from .models import CallRequest, DispatchRule, Offer


@admin.register(DispatchRule)
class DispatchRuleAdmin(OperationAdmin):
    view_operation = "dispatch.view"
    manage_operation = "dispatch.manage"
    list_display = ["name", "priority", "enabled", "strategy", "product_code", "channel_code"]
    list_filter = ["enabled", "strategy"]
    search_fields = ["name"]
    filter_horizontal = ["seats"]


@admin.register(CallRequest)
class CallRequestAdmin(OperationAdmin):
    view_operation = "dispatch.view"
    list_display = ["task", "channel_code", "state", "priority", "arrived_at", "closed_at"]
    list_filter = ["state"]
    list_select_related = ["task"]


@admin.register(Offer)
class OfferAdmin(OperationAdmin):
    view_operation = "dispatch.view"
    list_display = ["request", "seat", "state", "offered_at", "deadline_at", "closed_at"]
    list_filter = ["state"]
    list_select_related = ["request", "seat__user"]
