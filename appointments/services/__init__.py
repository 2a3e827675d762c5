"""Every change of an appointment. A refused booking changes nothing and names what is free next."""

from .booking import book, cancel, close, expire_past, hold, keep, move, note_arrivals, release
from .checks import CheckResult, note_check
from .reassigning import Placement, disable_seat, give_up_seat, plan_reassignment, reassign
from .work_time import (
    Preview,
    apply_work_time,
    outside_work_time,
    preview_work_time,
    weekday_names,
)

__all__ = [
    "CheckResult",
    "Placement",
    "Preview",
    "apply_work_time",
    "book",
    "cancel",
    "close",
    "disable_seat",
    "expire_past",
    "give_up_seat",
    "hold",
    "keep",
    "move",
    "note_arrivals",
    "note_check",
    "outside_work_time",
    "plan_reassignment",
    "preview_work_time",
    "reassign",
    "release",
    "weekday_names",
]
