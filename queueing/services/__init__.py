"""The line and what is done to it. Lock order: seat (by id when two), task, request, offer."""

from .alerts import acknowledge_alert, evaluate_alerts, save_alert_rule
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
from .trials import run_trial, start_trial, trial_state

__all__ = [
    "CallInResult",
    "abandon",
    "accept_offer",
    "acknowledge_alert",
    "call_in",
    "decline_offer",
    "discard_draft",
    "dispatch_waiting",
    "evaluate_alerts",
    "parse_policy",
    "publish_rules",
    "run_trial",
    "save_alert_rule",
    "save_rules",
    "start_trial",
    "sweep",
    "touch",
    "transfer",
    "transfer_offer",
    "trial_state",
]
