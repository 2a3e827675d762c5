"""Interviews in the back office: to look at. They change only through services."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin_access import OperationAdmin

from .models import Call, Consent, InterviewTask, Participant, Party


class InterviewsOnly(OperationAdmin):
    """The operators' rehearsals are no interviews: no list shows them."""

    view_operation = "videos.view"
    rehearsal_flag: ClassVar[str] = "task__rehearsal"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(**{self.rehearsal_flag: False})


@admin.register(InterviewTask)
class InterviewTaskAdmin(InterviewsOnly):
    rehearsal_flag = "rehearsal"
    list_display = [
        "contract_no",
        "generation",
        "customer_name",
        "product_name",
        "state",
        "seat_staff_no",
        "manager_no",
        "created_at",
    ]
    list_filter = ["state", "product_name"]
    search_fields = ["contract_no", "customer_name", "manager_no", "seat_staff_no"]
    date_hierarchy = "created_at"


@admin.register(Call)
class CallAdmin(InterviewsOnly):
    list_display = ["task", "number", "seat", "state", "verdict", "clock_started_at", "ended_at"]
    list_filter = ["state", "verdict"]
    list_select_related = ["task", "seat__user"]
    search_fields = ["task__contract_no", "task__customer_name"]


@admin.register(Participant)
class ParticipantAdmin(InterviewsOnly):
    rehearsal_flag = "call__task__rehearsal"
    list_display = ["call", "role", "state", "joined_at", "left_at"]
    list_filter = ["role", "state"]


@admin.register(Party)
class PartyAdmin(InterviewsOnly):
    list_display = ["name", "task", "roles", "interviewed_at"]
    search_fields = ["name", "task__contract_no"]
    list_select_related = ["task"]
    exclude = ["phone", "id_no"]


@admin.register(Consent)
class ConsentAdmin(InterviewsOnly):
    rehearsal_flag = "party__task__rehearsal"
    list_display = ["party", "text_version", "agreed_at", "ip"]
