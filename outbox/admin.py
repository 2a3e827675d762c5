"""待发消息: what waits, what was parked, and sending it again."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin_access import OperationAdmin
from accounts.selectors import may

from . import services
from .models import OutboxMessage


@admin.register(OutboxMessage)
class OutboxMessageAdmin(OperationAdmin):
    view_operation = "operations.view"
    list_display = ["id", "topic", "handler", "key", "state", "attempts", "due_at", "last_error"]
    list_filter = ["state", "topic"]
    actions = ["send_again"]

    @admin.action(description=_("重新投递"), permissions=["send"])
    def send_again(self, request: HttpRequest, rows: QuerySet[OutboxMessage]) -> None:
        for row in rows:
            services.requeue(row.pk)

    def has_send_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "operations.manage")
