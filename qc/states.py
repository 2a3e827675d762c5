"""States of a review. Pure."""

from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from common.states import Machine


class ReviewState(TextChoices):
    OPEN = "OPEN", _("待复核")
    CLAIMED = "CLAIMED", _("复核中")
    PASSED = "PASSED", _("质检通过")
    REJECTED = "REJECTED", _("拒件")
    RETURNED = "RETURNED", _("退回二次面谈")


class ReviewMove(StrEnum):
    CLAIM = "claim"
    RELEASE = "release"
    PASS = "pass"  # noqa: S105 - 通过, not a password
    REJECT = "reject"
    RETURN = "return"


_CLAIMED = frozenset({ReviewState.CLAIMED})
REVIEW_MACHINE = Machine[ReviewState, ReviewMove](
    {
        ReviewMove.CLAIM: (frozenset({ReviewState.OPEN}), ReviewState.CLAIMED),
        ReviewMove.RELEASE: (_CLAIMED, ReviewState.OPEN),
        ReviewMove.PASS: (_CLAIMED, ReviewState.PASSED),
        ReviewMove.REJECT: (_CLAIMED, ReviewState.REJECTED),
        ReviewMove.RETURN: (_CLAIMED, ReviewState.RETURNED),
    }
)
