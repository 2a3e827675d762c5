"""话术管理."""

from django.contrib import admin

from accounts.admin_access import OperationAdmin, StackedOperationInline

from .models import Script, ScriptStep


class StepInline(StackedOperationInline):
    manage_operation = "scripts.manage"
    model = ScriptStep


@admin.register(Script)
class ScriptAdmin(OperationAdmin):
    view_operation = "scripts.view"
    manage_operation = "scripts.manage"
    list_display = [
        "title",
        "channel_name",
        "product_name",
        "business_type",
        "enabled",
        "is_default",
        "updated_at",
    ]
    list_filter = ["enabled", "is_default"]
    search_fields = ["title", "channel_code", "channel_name", "product_code", "product_name"]
    inlines = [StepInline]
