from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from media_worker.models import MediaWorker

if TYPE_CHECKING:
    ReadOnlyBase = admin.ModelAdmin[MediaWorker]
else:
    ReadOnlyBase = admin.ModelAdmin  # not subscriptable when it runs


@admin.register(MediaWorker)
class MediaWorkerAdmin(ReadOnlyBase):
    """Read only: the rows are the workers' own heartbeats."""

    list_display = (
        "worker_id",
        "control_url",
        "calls",
        "legs",
        "capacity",
        "loop_lag_p99_ms",
        "disk_free_percent",
        "draining",
        "last_heartbeat_at",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
