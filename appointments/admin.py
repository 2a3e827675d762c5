"""预约: to look at; booking and moving go through services."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.admin_access import OperationAdmin
from common.masking import mask_name

from .models import Appointment, DeviceCheck


@admin.register(Appointment)
class AppointmentAdmin(OperationAdmin):
    view_operation = "seats.view"
    owner_path = "seat__user"
    list_display = ["task", "seat", "slot", "state", "booked_by", "created_at"]
    list_filter = ["state"]
    list_select_related = ["task", "seat__user"]
    search_fields = ["task__contract_no__exact"]
    search_help_text = _("完整的借款合同号")


@admin.register(DeviceCheck)
class DeviceCheckAdmin(OperationAdmin):
    view_operation = "seats.view"
    list_display = [
        *("task", "party_name", "network", "camera", "microphone", "speaker"),
        *("early", "os", "device_model", "created_at"),
    ]
    list_filter = ["network", "early", "camera", "microphone"]
    list_select_related = ["task", "party"]
    ordering = ["-pk"]
    search_fields = ["task__contract_no__exact"]
    search_help_text = _("完整的借款合同号")

    @admin.display(description=_("干系人"))
    def party_name(self, check: DeviceCheck) -> str:
        return mask_name(check.party.name)
