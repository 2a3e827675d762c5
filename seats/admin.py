"""坐席管理 (SEAT-1…3)."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin_access import OperationAdmin, TabularOperationInline

from .models import PresenceHistory, Seat, SeatPresence, WorkTime
from .states import Presence


class WorkTimeInline(TabularOperationInline):
    manage_operation = "seats.manage"
    model = WorkTime


@admin.register(Seat)
class SeatAdmin(OperationAdmin):
    view_operation = "seats.view"
    manage_operation = "seats.manage"
    list_display = ["user", "enabled", "presence_state", "created_at"]
    list_filter = ["enabled"]
    list_select_related = ["user", "presence"]
    search_fields = ["user__staff_no", "user__name"]
    inlines = [WorkTimeInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Seat]:
        return super().get_queryset(request).filter(rehearsal=False)

    @admin.display(description=_("状态"))
    def presence_state(self, seat: Seat) -> str:
        presence = getattr(seat, "presence", None)
        return presence.get_state_display() if presence else str(Presence.SIGNED_OUT.label)


@admin.register(SeatPresence)
class SeatPresenceAdmin(OperationAdmin):
    view_operation = "seats.view"
    list_display = ["seat", "state", "reason", "since", "heartbeat_at"]


@admin.register(PresenceHistory)
class PresenceHistoryAdmin(OperationAdmin):
    view_operation = "seats.view"
    list_display = ["seat", "state", "reason", "since", "until"]
    list_filter = ["state"]
