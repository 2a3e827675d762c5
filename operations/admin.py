"""操作日志, 待发消息, 参数: the back office's view of the ground, which knows no roles itself."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin_access import OperationAdmin, recent_values
from accounts.selectors import may
from outbox import services as outbox
from outbox.models import OutboxMessage

from . import audit_admin, parameter_admin

__all__ = ["audit_admin", "parameter_admin"]  # registers the pages of 操作日志, 参数设置


@admin.register(OutboxMessage)
class OutboxMessageAdmin(OperationAdmin):
    view_operation = "operations.view"
    list_display = ["id", "topic", "handler", "key", "state", "attempts", "due_at", "last_error"]
    list_filter = ["state", recent_values("topic", _("主题"))]
    actions = ["send_again"]

    @admin.action(description=_("重新投递"), permissions=["send"])
    def send_again(self, request: HttpRequest, rows: QuerySet[OutboxMessage]) -> None:
        for row in rows:
            outbox.requeue(row.pk)

    def has_send_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "operations.manage")
