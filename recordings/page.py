"""What one sees of a call where its recording is looked at: in 视频管理 and in 质检 (VID-1, QC-2)."""

from typing import Any

from accounts.models import User
from interviews.models import Call

from . import health, selectors
from .models import Recording
from .panels import panels_of


def of_call(call: Call, recording: Recording | None, user: User) -> dict[str, Any]:
    """For the templates `recordings/_*.html`, by their names."""
    journal = list(call.events.order_by("at_ms", "created_at"))
    return {
        "parties": call.task.parties.prefetch_related("consents"),
        "panels": panels_of(call),
        "snapshots": selectors.snapshots_of(call),
        "quality": health.quality_of(recording) if recording else None,
        "others": selectors.other_calls(call, user),
        "journal": journal,
        "marks": [event for event in journal if event.kind in selectors.MARKS],
        "sent": selectors.messages_about(call),
    }
