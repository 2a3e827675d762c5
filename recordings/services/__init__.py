"""What happens to a recording after the call."""

from .archive import forget_search, index, index_call, index_old, save_search
from .counting import count_store
from .early import drop_unused_parts, due_parts, note_part_closed, send_part
from .evidence import (
    anchor_days,
    check_anchors,
    check_recording,
    export_evidence,
    note_verified,
    require_exportable,
    write_evidence,
)
from .jobs import due_recordings, ended_calls_without_recording, ensure_recording, hurry
from .keeping import date_again, end_contract, set_keeping, spread_rules, tell_dates
from .loop import finish_loop, start_loop
from .rebuild import rebuild
from .reels import ask_reel, due_reels, make_reel
from .rescue import keep_segment, take_in_rescues
from .retention import (
    apply_release,
    delete_expired,
    note_broken_deletions,
    place_hold,
    release_hold,
    tell_holds,
)
from .retention_rules import apply_rule, delete_rule, save_rule
from .sharing import remove_ended_shares, share_recording, withdraw_share
from .spool import free_spool, remove_freed_leftovers
from .stages import process
from .tickets import forget_old_tickets, issue_ticket, note_use, renew_ticket, ticket_of
from .tiers import move_cold, remove_first_copies
from .upkeep import keep
from .viewing import note_download, note_fetched, note_opened, note_watched

__all__ = [
    "anchor_days",
    "apply_release",
    "apply_rule",
    "ask_reel",
    "check_anchors",
    "check_recording",
    "count_store",
    "date_again",
    "delete_expired",
    "delete_rule",
    "drop_unused_parts",
    "due_parts",
    "due_recordings",
    "due_reels",
    "end_contract",
    "ended_calls_without_recording",
    "ensure_recording",
    "export_evidence",
    "finish_loop",
    "forget_old_tickets",
    "forget_search",
    "free_spool",
    "hurry",
    "index",
    "index_call",
    "index_old",
    "issue_ticket",
    "keep",
    "keep_segment",
    "make_reel",
    "move_cold",
    "note_broken_deletions",
    "note_download",
    "note_fetched",
    "note_opened",
    "note_part_closed",
    "note_use",
    "note_verified",
    "note_watched",
    "place_hold",
    "process",
    "rebuild",
    "release_hold",
    "remove_ended_shares",
    "remove_first_copies",
    "remove_freed_leftovers",
    "renew_ticket",
    "require_exportable",
    "save_rule",
    "save_search",
    "send_part",
    "set_keeping",
    "share_recording",
    "spread_rules",
    "start_loop",
    "take_in_rescues",
    "tell_dates",
    "tell_holds",
    "ticket_of",
    "withdraw_share",
    "write_evidence",
]
