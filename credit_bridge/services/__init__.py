"""Every change that comes from or goes to the bank's systems."""

from .cases import (
    advance_node,
    change_loan,
    decide_proposal,
    draft_of,
    hurry_proposals,
    note_image_opened,
    propose_loan,
    reschedule,
    resend_sms,
    reverse,
    submit_contract,
    submit_interview,
    submit_signing,
)
from .inbox import Answered, once
from .operators import retry_message, skip_message
from .recognising import recognise_snapshot
from .reconciling import reconcile, reconcile_once_a_day

__all__ = [
    "Answered",
    "advance_node",
    "change_loan",
    "decide_proposal",
    "draft_of",
    "hurry_proposals",
    "note_image_opened",
    "once",
    "propose_loan",
    "recognise_snapshot",
    "reconcile",
    "reconcile_once_a_day",
    "reschedule",
    "resend_sms",
    "retry_message",
    "reverse",
    "skip_message",
    "submit_contract",
    "submit_interview",
    "submit_signing",
]
