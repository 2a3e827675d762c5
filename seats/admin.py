"""坐席管理 (SEAT-1…3)."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin_access import OperationAdmin, TabularOperationInline

from .models import DayOff, PresenceHistory, Seat, SeatPresence, WorkTime
from .states import Presence


# Working time and days off are to be read here. They are changed at the pages under /seats/, which
# preview what becomes of appointments and leave everybody's holidays to who manages everybody.
class WorkTimeInline(TabularOperationInline):
    model = WorkTime


@admin.register(Seat)
class SeatAdmin(OperationAdmin):
    view_operation = "seats.view"
    manage_operation = "seats.manage"
    owner_path = "user"
    list_display = ["user", "enabled", "presence_state", "created_at"]
    list_filter = ["enabled"]
    list_select_related = ["user", "presence"]
    search_fields = ["user__staff_no", "user__name"]
    inlines = [WorkTimeInline]
    # Enabling and disabling have a guard (SEAT-2): they are done from the list under /seats/.
    readonly_fields = ["enabled", "created_at"]

    def name_in_log(self, obj: Any) -> str:
        return str(obj.user.staff_no)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [*self.readonly_fields, *(["user"] if obj else [])]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Seat]:
        return super().get_queryset(request).filter(rehearsal=False)

    @admin.display(description=_("状态"))
    def presence_state(self, seat: Seat) -> str:
        presence = getattr(seat, "presence", None)
        return presence.get_state_display() if presence else str(Presence.SIGNED_OUT.label)


@admin.register(SeatPresence)
class SeatPresenceAdmin(OperationAdmin):
    view_operation = "seats.view"
    owner_path = "seat__user"
    list_display = ["seat", "state", "reason", "since", "heartbeat_at"]


@admin.register(PresenceHistory)
class PresenceHistoryAdmin(OperationAdmin):
    view_operation = "seats.view"
    owner_path = "seat__user"
    list_display = ["seat", "state", "reason", "since", "until"]
    list_filter = ["state"]


@admin.register(DayOff)
class DayOffAdmin(OperationAdmin):
    view_operation = "seats.view"
    owner_path = "seat__user"
    list_display = ["first_day", "last_day", "seat", "note"]
    list_filter = [("seat", admin.RelatedOnlyFieldListFilter)]

    def rows_open_to(self, request: HttpRequest) -> Q:
        """Everybody's holidays are for all to see."""
        return super().rows_open_to(request) | Q(seat=None)
