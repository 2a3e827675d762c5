"""操作日志, 待发消息, 参数: the back office's view of the ground, which knows no roles itself."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin_access import OperationAdmin
from accounts.models import User
from accounts.selectors import actor_of, may
from audit import services as audit
from audit.models import AuditEntry
from outbox import services as outbox
from outbox.models import OutboxMessage
from parameters.definitions import DEFINITIONS
from parameters.models import Parameter


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


@admin.register(Parameter)
class ParameterAdmin(OperationAdmin):
    view_operation = "parameters.view"
    manage_operation = "parameters.manage"
    list_display = ["key", "value", "unit", "scope", "code", "default", "updated_at"]
    list_filter = ["key", "scope"]

    @admin.display(description=_("单位"))
    def unit(self, row: Parameter) -> str:
        return str(DEFINITIONS[row.key].unit)

    @admin.display(description=_("默认值"))
    def default(self, row: Parameter) -> int:
        return DEFINITIONS[row.key].default

    def save_model(self, request: HttpRequest, obj: Parameter, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        assert isinstance(request.user, User)  # noqa: S101 - the admin lets only users in
        audit.record(
            "parameter.set",
            actor=actor_of(request.user),
            object_type="parameter",
            object_id=obj.pk,
            key=obj.key,
            scope=obj.scope,
            code=obj.code,
            value=obj.value,
        )
