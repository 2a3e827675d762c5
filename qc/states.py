"""States of a review. Pure."""

from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from common.states import Machine


class ReviewOrigin(TextChoices):
    DOUBT = "DOUBT", _("存疑")
    SAMPLE = "SAMPLE", _("抽检")


class ReviewState(TextChoices):
    OPEN = "OPEN", _("待复核")
    CLAIMED = "CLAIMED", _("复核中")
    PASSED = "PASSED", _("质检通过")
    REJECTED = "REJECTED", _("拒件")
    RETURNED = "RETURNED", _("退回二次面谈")
    FLAGGED = "FLAGGED", _("抽检不合格")
    OVERTAKEN = "OVERTAKEN", _("已另行结论")


class ReviewMove(StrEnum):
    CLAIM = "claim"
    RELEASE = "release"
    ASSIGN = "assign"
    PASS = "pass"  # noqa: S105 - 通过, not a password
    REJECT = "reject"
    RETURN = "return"
    FLAG = "flag"
    OVERTAKE = "overtake"


_CLAIMED = frozenset({ReviewState.CLAIMED})
UNDECIDED = frozenset({ReviewState.OPEN, ReviewState.CLAIMED})
DECIDED = frozenset(
    {ReviewState.PASSED, ReviewState.REJECTED, ReviewState.RETURNED, ReviewState.FLAGGED}
)
REVIEW_MACHINE = Machine[ReviewState, ReviewMove](
    {
        ReviewMove.CLAIM: (frozenset({ReviewState.OPEN}), ReviewState.CLAIMED),
        ReviewMove.ASSIGN: (UNDECIDED, ReviewState.CLAIMED),
        ReviewMove.RELEASE: (_CLAIMED, ReviewState.OPEN),
        ReviewMove.PASS: (_CLAIMED, ReviewState.PASSED),
        ReviewMove.REJECT: (_CLAIMED, ReviewState.REJECTED),
        ReviewMove.RETURN: (_CLAIMED, ReviewState.RETURNED),
        ReviewMove.FLAG: (_CLAIMED, ReviewState.FLAGGED),
        # The case was settled, superseded or returned by another call than this one.
        ReviewMove.OVERTAKE: (UNDECIDED, ReviewState.OVERTAKEN),
    }
)
# The decisions that each origin allows. A sampled pass was acted on by the credit system already:
# finding it bad is told to the supervisor and flips no state (QC-2).
DECISIONS = {
    ReviewOrigin.DOUBT: frozenset({ReviewMove.PASS, ReviewMove.REJECT, ReviewMove.RETURN}),
    ReviewOrigin.SAMPLE: frozenset({ReviewMove.PASS, ReviewMove.FLAG}),
}
NEEDS_REASONS = frozenset({ReviewMove.REJECT, ReviewMove.FLAG})
