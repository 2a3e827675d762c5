"""Every change of an interview. Callers check who may; these modules check whether it can be.

Lock order everywhere: seat, then task, then call, then participant.
"""

from .calls import end_call, join_call, leave_call, lock_call, open_call, require_consent, set_muted
from .media import connect_media, connect_media_async, move_call, move_stranded_calls
from .media_events import apply_media_events
from .sweeps import expire_reconnects
from .tasks import (
    PartyDraft,
    TaskDraft,
    create_task,
    lock_task,
    record_consent,
    require_open,
    settle_task,
    supersede_task,
)
from .timeline import add_event, add_tag, delete_snapshot, take_snapshot
from .verdicts import file_verdict

__all__ = [
    "PartyDraft",
    "TaskDraft",
    "add_event",
    "add_tag",
    "apply_media_events",
    "connect_media",
    "connect_media_async",
    "create_task",
    "delete_snapshot",
    "end_call",
    "expire_reconnects",
    "file_verdict",
    "join_call",
    "leave_call",
    "lock_call",
    "lock_task",
    "move_call",
    "move_stranded_calls",
    "open_call",
    "record_consent",
    "require_consent",
    "require_open",
    "set_muted",
    "settle_task",
    "supersede_task",
    "take_snapshot",
]
