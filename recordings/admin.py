"""Recordings in the back office: to look at; the pages to work with are 视频管理."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.admin_access import OperationAdmin

from .models import Recording, RecordingTrack, StoredObject


@admin.register(Recording)
class RecordingAdmin(OperationAdmin):
    view_operation = "videos.view"
    list_display = ("download_name", "stage", "day", "duration_ms", "bytes", "error", "opening")
    list_filter = ("stage", "day")
    search_fields = ("download_name", "call__task__contract_no")
    list_select_related = ("call",)

    @admin.display(description=_("播放"))
    def opening(self, recording: Recording) -> SafeString:
        return format_html('<a href="/recordings/{}/">{}</a>', recording.call_id, str(_("查看")))


@admin.register(RecordingTrack)
class RecordingTrackAdmin(OperationAdmin):
    view_operation = "videos.view"
    list_display = ("file", "kind", "start_ms", "end_ms", "bytes", "damage")


@admin.register(StoredObject)
class StoredObjectAdmin(OperationAdmin):
    view_operation = "videos.view"
    list_display = ("name", "kind", "bytes", "sha256", "confirmed_at")
