"""How far two reviewers agree. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Agreement:
    """`share` 0-1 of equal opinions; `kappa` is what is left of it beyond chance (Cohen 1960).

    Both None without pairs; kappa None where chance alone would always agree.
    """

    pairs: int
    same: int
    share: float | None
    kappa: float | None


def agreement_of(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Of (first opinion, second opinion)."""
    whole = len(pairs)
    if not whole:
        return Agreement(0, 0, None, None)
    same = sum(first == second for first, second in pairs)
    firsts = Counter(first for first, _second in pairs)
    seconds = Counter(second for _first, second in pairs)
    by_chance = sum(firsts[each] * seconds[each] for each in firsts) / whole**2
    share = same / whole
    kappa = (share - by_chance) / (1 - by_chance) if by_chance < 1 else None
    return Agreement(whole, same, share, kappa)
