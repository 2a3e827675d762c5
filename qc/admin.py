"""抽检方案, 抽检问题 and 评分表. Reviews have pages of their own."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_access import OperationAdmin, TabularOperationInline

from . import services
from .models import SamplingPlan, ScoreForm, ScoreItem, SeatDefect


@admin.register(SamplingPlan)
class SamplingPlanAdmin(OperationAdmin):
    view_operation = "qc.view"
    manage_operation = "qc.manage"
    list_display = [
        "name",
        "percent",
        "seat_no",
        "product_code",
        "new_seat_days",
        "min_risk_tags",
        "is_enabled",
    ]
    list_filter = ["is_enabled"]
    instead = _("抽检记录指向该方案：请打开它，去掉“启用”后保存，即不再抽取。")
    readonly_fields = ["seed", "created_at", "enabled_at"]

    def save_model(self, request: HttpRequest, obj: SamplingPlan, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and obj.is_enabled and "is_enabled" in form.changed_data:
            services.begin_again(obj.pk)


@admin.register(SeatDefect)
class SeatDefectAdmin(OperationAdmin):
    """Decided reviews keep the words they were decided with."""

    view_operation = "qc.view"
    manage_operation = "qc.manage"
    list_display = ["text", "order", "is_enabled"]
    list_filter = ["is_enabled"]


class ScoreItemInline(TabularOperationInline):
    model = ScoreItem
    manage_operation = "qc.manage"
    extra = 1

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not _is_used(obj)

    has_add_permission = has_change_permission
    has_delete_permission = has_change_permission


@admin.register(ScoreForm)
class ScoreFormAdmin(OperationAdmin):
    """A form that was used does not change: make a new version and put it into use."""

    view_operation = "qc.view"
    manage_operation = "qc.manage"
    list_display = ["title", "version", "is_current", "created_at"]
    instead = _("已打的分要能查到依据：请新建一个版本并设为当前使用。")
    inlines = [ScoreItemInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["title", "version"] if _is_used(obj) else []

    def in_the_way(self, obj: Any) -> list[Any]:
        count = obj.qcreview_set.count()
        return [gettext("已用于 {count} 次质检评分").format(count=count)] if count else []


def _is_used(form: Any) -> bool:
    return isinstance(form, ScoreForm) and form.qcreview_set.exists()
