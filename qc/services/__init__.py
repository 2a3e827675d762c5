"""What happens to reviews, second opinions and coaching clips."""

from .claims import (
    assign,
    claim,
    claim_next,
    give_back_lapsed,
    lock_review,
    release,
    take_back,
)
from .clips import cut_clip, drop_clip, note_coached, note_seen
from .reasons import refresh_reasons
from .reviews import (
    close_overtaken,
    comment,
    decide,
    open_review,
    set_urgent,
)
from .samples import begin_again, draw_due_samples, draw_sample
from .second import ask_second_opinions, give_second_opinion, take_second_opinion

__all__ = [
    "ask_second_opinions",
    "assign",
    "begin_again",
    "claim",
    "claim_next",
    "close_overtaken",
    "comment",
    "cut_clip",
    "decide",
    "draw_due_samples",
    "draw_sample",
    "drop_clip",
    "give_back_lapsed",
    "give_second_opinion",
    "lock_review",
    "note_coached",
    "note_seen",
    "open_review",
    "refresh_reasons",
    "release",
    "set_urgent",
    "take_back",
    "take_second_opinion",
]
