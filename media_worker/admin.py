"""媒体节点, to look at: the rows are the workers' own heartbeats."""

from django.contrib import admin

from accounts.admin_access import OperationAdmin
from media_worker.models import MediaWorker


@admin.register(MediaWorker)
class MediaWorkerAdmin(OperationAdmin):
    view_operation = "operations.view"
    list_display = (
        "worker_id",
        "control_url",
        "calls",
        "legs",
        "capacity",
        "loop_lag_p99_ms",
        "lagging",
        "disk_free_percent",
        "draining",
        "events_set_aside",
        "last_heartbeat_at",
    )
