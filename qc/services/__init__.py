"""What happens to reviews, second opinions and coaching clips."""

from .clips import cut_clip, drop_clip, note_coached, note_seen
from .reviews import (
    claim,
    claim_next,
    comment,
    decide,
    draw_due_samples,
    draw_sample,
    lock_review,
    open_review,
    release,
    set_urgent,
)
from .second import ask_second_opinions, give_second_opinion, take_second_opinion

__all__ = [
    "ask_second_opinions",
    "claim",
    "claim_next",
    "comment",
    "cut_clip",
    "decide",
    "draw_due_samples",
    "draw_sample",
    "drop_clip",
    "give_second_opinion",
    "lock_review",
    "note_coached",
    "note_seen",
    "open_review",
    "release",
    "set_urgent",
    "take_second_opinion",
]
