"""Versions of the rules, and the line, to look at."""

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from accounts.admin_access import OperationAdmin
from accounts.selectors import EVERYTHING, staff_nos_in_scope
from interviews.models import InterviewTask
from interviews.selectors import tasks_in_scope

from .models import Alert, CallRequest, Offer, RuleVersion


@admin.register(RuleVersion)
class RuleVersionAdmin(OperationAdmin):
    """To read: versions are written under /dispatch/."""

    view_operation = "dispatch.view"
    list_display = ["number", "state", "note", "published_by", "published_at", "retired_at"]
    list_filter = ["state"]


@admin.register(CallRequest)
class CallRequestAdmin(OperationAdmin):
    view_operation = "dispatch.view"
    list_display = ["task", "channel_code", "state", "priority", "arrived_at", "closed_at"]
    ordering = ["-arrived_at", "id"]
    list_filter = ["state"]
    list_select_related = ["task"]

    def rows_open_to(self, request: HttpRequest) -> Q:
        tasks = InterviewTask.objects.filter(tasks_in_scope(request.user, self.view_operation))
        return Q(task__in=tasks)


@admin.register(Offer)
class OfferAdmin(OperationAdmin):
    view_operation = "dispatch.view"
    owner_path = "seat__user"
    list_display = ["request", "seat", "state", "offered_at", "deadline_at", "closed_at"]
    ordering = ["-offered_at", "id"]
    list_filter = ["state"]
    list_select_related = ["request", "seat__user"]


@admin.register(Alert)
class AlertAdmin(OperationAdmin):
    """To read: rules are edited, alerts acknowledged under /wallboard/."""

    view_operation = "dispatch.view"
    list_display = ["title", "level", "staff_no", "fired_at", "ended_at", "acknowledged_by"]
    list_filter = ["level", "rule__metric"]

    def rows_open_to(self, request: HttpRequest) -> Q:
        staff_nos = staff_nos_in_scope(request.user, self.view_operation)
        return EVERYTHING if staff_nos is None else Q(staff_no__in=["", *staff_nos])
