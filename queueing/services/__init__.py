"""The line and what is done to it. Lock order: seat (by id when two), task, request, offer."""

from .line import (
    CallInResult,
    abandon,
    accept_offer,
    call_in,
    decline_offer,
    dispatch_waiting,
    sweep,
    touch,
)
from .rules import discard_draft, parse_policy, publish_rules, save_rules
from .transfer import transfer, transfer_offer

__all__ = [
    "CallInResult",
    "abandon",
    "accept_offer",
    "call_in",
    "decline_offer",
    "discard_draft",
    "dispatch_waiting",
    "parse_policy",
    "publish_rules",
    "save_rules",
    "sweep",
    "touch",
    "transfer",
    "transfer_offer",
]
