"""Recordings in the back office: to look at; the pages to work with are 视频管理."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts import changes
from accounts.admin_access import OperationAdmin
from accounts.selectors import request_actor

from . import services
from .models import DeletionCertificate, Recording, RecordingTrack, RetentionRule, StoredObject


@admin.register(Recording)
class RecordingAdmin(OperationAdmin):
    view_operation = "videos.view"
    owner_path = "call__seat__user"
    list_display = ("download_name", "stage", "day", "duration_ms", "bytes", "error", "opening")
    list_filter = ("stage", "day")
    ordering = ("-day", "-serial")
    search_fields = ("call__task__contract_no__exact",)
    search_help_text = _("完整的借款合同号")
    list_select_related = ("call",)

    @admin.display(description=_("播放"))
    def opening(self, recording: Recording) -> SafeString:
        return format_html('<a href="/recordings/{}/">{}</a>', recording.call_id, str(_("查看")))


@admin.register(RecordingTrack)
class RecordingTrackAdmin(OperationAdmin):
    view_operation = "videos.view"
    owner_path = "recording__call__seat__user"
    list_display = ("file", "kind", "start_ms", "end_ms", "bytes", "damage")


@admin.register(StoredObject)
class StoredObjectAdmin(OperationAdmin):
    view_operation = "videos.view"
    owner_path = "recording__call__seat__user"
    list_display = ("name", "kind", "bytes", "sha256", "confirmed_at")


@admin.register(RetentionRule)
class RetentionRuleAdmin(OperationAdmin):
    view_operation = "videos.view"
    manage_operation = "videos.keep"
    audits_itself = True
    list_display = (
        "product",
        "start",
        "months",
        "cold_after_days",
        "deletes",
        "set_by",
        "agreed_by",
    )

    @admin.display(description=_("产品"))
    def product(self, rule: RetentionRule) -> str:
        return rule.product_name

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A rule stays its product's; who set it is said beside it."""
        return ("product_code", "set_by", "agreed_by", "set_at") if obj else ()

    def save_model(self, request: HttpRequest, obj: RetentionRule, form: Any, change: bool) -> None:
        if not services.save_rule(obj, actor=request_actor(request)):
            messages.warning(request, changes.told())

    def delete_model(self, request: HttpRequest, obj: RetentionRule) -> None:
        services.delete_rule(obj.pk, actor=request_actor(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[RetentionRule]) -> None:
        for rule_id in queryset.values_list("pk", flat=True):
            self.delete_model(request, RetentionRule(pk=rule_id))


@admin.register(DeletionCertificate)
class DeletionCertificateAdmin(OperationAdmin):
    view_operation = "videos.view"
    owner_path = "recording__call__seat__user"
    list_display = ("contract_no", "recording", "kept_until", "begun_at", "done_at")
    search_fields = ("contract_no",)
