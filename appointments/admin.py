"""预约: to look at; booking and moving go through services."""

from django.contrib import admin

from accounts.admin_access import OperationAdmin

from .models import Appointment


@admin.register(Appointment)
class AppointmentAdmin(OperationAdmin):
    view_operation = "seats.view"
    list_display = ["task", "seat", "slot", "state", "booked_by", "created_at"]
    list_filter = ["state"]
    list_select_related = ["task", "seat__user"]
    search_fields = ["task__contract_no", "task__customer_name", "seat__user__staff_no"]
