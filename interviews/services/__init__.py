"""Every change of an interview. Callers check who may; these modules check whether it can be.

Lock order everywhere: seat, then task, then call, then participant.
"""

from .calls import (
    admit_participant,
    await_customers,
    end_call,
    join_call,
    leave_call,
    lock_call,
    open_call,
    require_consent,
    set_muted,
    set_recording,
)
from .cards import answer_card, card_hash, show_card, withdraw_card
from .content import start_share, stop_share
from .media import (
    connect_media,
    connect_media_async,
    move_call,
    move_stranded_calls,
    move_stranded_soon,
)
from .media_events import apply_media_events
from .playout import control_play, start_play
from .probe import test_network
from .stills import ask_still, fail_still, receive_part
from .supervision import end_supervision, start_supervision
from .sweeps import end_deserted, expire_reconnects
from .tasks import (
    PartyDraft,
    TaskDraft,
    create_task,
    lock_task,
    record_consent,
    require_open,
    require_passable,
    return_task,
    settle_task,
    supersede_task,
)
from .timeline import add_event, add_tag, annotate_tag, delete_snapshot, take_snapshot
from .verdicts import file_verdict

__all__ = [
    "PartyDraft",
    "TaskDraft",
    "add_event",
    "add_tag",
    "admit_participant",
    "annotate_tag",
    "answer_card",
    "apply_media_events",
    "ask_still",
    "await_customers",
    "card_hash",
    "connect_media",
    "connect_media_async",
    "control_play",
    "create_task",
    "delete_snapshot",
    "end_call",
    "end_deserted",
    "end_supervision",
    "expire_reconnects",
    "fail_still",
    "file_verdict",
    "join_call",
    "leave_call",
    "lock_call",
    "lock_task",
    "move_call",
    "move_stranded_calls",
    "move_stranded_soon",
    "open_call",
    "receive_part",
    "record_consent",
    "require_consent",
    "require_open",
    "require_passable",
    "return_task",
    "set_muted",
    "set_recording",
    "settle_task",
    "show_card",
    "start_play",
    "start_share",
    "start_supervision",
    "stop_share",
    "supersede_task",
    "take_snapshot",
    "test_network",
    "withdraw_card",
]
