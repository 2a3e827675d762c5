"""操作日志, read-only."""

from django.contrib import admin

from accounts.admin_access import OperationAdmin

from .models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(OperationAdmin):
    view_operation = "audit.view"
    list_display = ["at", "actor_name", "actor_kind", "action", "object_type", "object_id", "ip"]
    list_filter = ["action", "actor_kind", "object_type"]
    search_fields = ["actor_name", "object_id", "action"]
    date_hierarchy = "at"
    show_full_result_count = False
