"""Interviews in the back office: to look at. They change only through services."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin_access import OperationAdmin, recent_values
from accounts.models import DataScope
from accounts.selectors import EVERYTHING, scope_of

from .models import Call, Consent, InterviewTask, Participant, Party
from .selectors import tasks_in_scope


class InterviewsOnly(OperationAdmin):
    """The operators' rehearsals are no interviews: no list shows them."""

    view_operation = "videos.view"
    rehearsal_flag: ClassVar[str] = "task__rehearsal"
    task_path: ClassVar[str] = ""  # of rows that belong to a task, not to one seat

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(**{self.rehearsal_flag: False})

    def rows_open_to(self, request: HttpRequest) -> Q:
        if not self.task_path:
            return super().rows_open_to(request)
        if scope_of(request.user, self.view_operation) == DataScope.ALL:
            return EVERYTHING
        tasks = InterviewTask.objects.filter(tasks_in_scope(request.user, self.view_operation))
        return Q(**{f"{self.task_path}__in": tasks.values("pk")})


@admin.register(InterviewTask)
class InterviewTaskAdmin(InterviewsOnly):
    rehearsal_flag = "rehearsal"
    task_path = "pk"
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
    ordering = ["-created_at", "id"]
    list_filter = ["state", recent_values("product_name", _("产品名称")), "created_at"]
    search_fields = ["contract_no__exact", "manager_no__exact"]
    search_help_text = _("完整的借款合同号或客户经理工号")


@admin.register(Call)
class CallAdmin(InterviewsOnly):
    owner_path = "seat__user"
    list_display = ["task", "number", "seat", "state", "verdict", "clock_started_at", "ended_at"]
    list_filter = ["state", "verdict"]
    list_select_related = ["task", "seat__user"]
    ordering = ["-clock_started_at", "id"]
    search_fields = ["task__contract_no__exact"]
    search_help_text = _("完整的借款合同号")


@admin.register(Participant)
class ParticipantAdmin(InterviewsOnly):
    rehearsal_flag = "call__task__rehearsal"
    owner_path = "call__seat__user"
    list_display = ["contract_no", "number", "role", "state", "joined_at", "left_at"]
    list_filter = ["role", "state"]
    ordering = ["-call__clock_started_at", "id"]
    list_select_related = ["call__task"]

    @admin.display(description=_("借款合同号"))
    def contract_no(self, row: Participant) -> str:
        return row.call.task.contract_no

    @admin.display(description=_("第几次通话"))
    def number(self, row: Participant) -> int:
        return row.call.number


@admin.register(Party)
class PartyAdmin(InterviewsOnly):
    task_path = "task"
    list_display = ["name", "task", "roles", "interviewed_at"]
    ordering = ["-task__created_at", "id"]
    search_fields = ["task__contract_no__exact"]
    search_help_text = _("完整的借款合同号")
    list_select_related = ["task"]
    exclude = ["phone", "id_no"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        # What no list shows need not be decrypted.
        return super().get_queryset(request).defer("phone", "id_no")


@admin.register(Consent)
class ConsentAdmin(InterviewsOnly):
    rehearsal_flag = "party__task__rehearsal"
    task_path = "party__task"
    list_display = ["name", "contract_no", "text_version", "agreed_at", "ip"]
    ordering = ["-agreed_at", "id"]
    list_select_related = ["party__task"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("party__phone", "party__id_no")

    @admin.display(description=_("干系人"))
    def name(self, consent: Consent) -> str:
        return consent.party.name

    @admin.display(description=_("借款合同号"))
    def contract_no(self, consent: Consent) -> str:
        return consent.party.task.contract_no
