"""Recordings in the back office: to look at; the pages to work with are 视频管理."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.admin_access import OperationAdmin

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
    list_display = ("product", "start", "months", "cold_after_days", "deletes")

    @admin.display(description=_("产品"))
    def product(self, rule: RetentionRule) -> str:
        return rule.product_code or str(_("其他全部产品"))


@admin.register(DeletionCertificate)
class DeletionCertificateAdmin(OperationAdmin):
    view_operation = "videos.view"
    owner_path = "recording__call__seat__user"
    list_display = ("contract_no", "recording", "kept_until", "begun_at", "done_at")
    search_fields = ("contract_no",)
