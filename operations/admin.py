"""操作日志 and 待发消息: the operators' view of the ground, which knows no roles itself."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin_access import OperationAdmin
from accounts.selectors import may
from audit.models import AuditEntry
from outbox import services as outbox
from outbox.models import OutboxMessage


@admin.register(AuditEntry)
class AuditEntryAdmin(OperationAdmin):
    view_operation = "audit.view"
    list_display = ["at", "actor_name", "actor_kind", "action", "object_type", "object_id", "ip"]
    list_filter = ["action", "actor_kind", "object_type"]
    search_fields = ["actor_name", "object_id", "action"]
    date_hierarchy = "at"
    show_full_result_count = False


@admin.register(OutboxMessage)
class OutboxMessageAdmin(OperationAdmin):
    view_operation = "operations.view"
    list_display = ["id", "topic", "handler", "key", "state", "attempts", "due_at", "last_error"]
    list_filter = ["state", "topic"]
    actions = ["send_again"]

    @admin.action(description=_("重新投递"), permissions=["send"])
    def send_again(self, request: HttpRequest, rows: QuerySet[OutboxMessage]) -> None:
        for row in rows:
            outbox.requeue(row.pk)

    def has_send_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "operations.manage")
