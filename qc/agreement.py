"""How far two reviewers agree. Pure."""

from collections import Counter
from collections.abc import Mapping
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


def agreement_of(pairs: Mapping[tuple[str, str], int]) -> Agreement:
    """Of (first opinion, second opinion) and how often."""
    whole = sum(pairs.values())
    if not whole:
        return Agreement(0, 0, None, None)
    same = sum(count for (first, second), count in pairs.items() if first == second)
    firsts: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    for (first, second), count in pairs.items():
        firsts[first] += count
        seconds[second] += count
    by_chance = sum(firsts[each] * seconds[each] for each in firsts) / whole**2
    share = same / whole
    kappa = (share - by_chance) / (1 - by_chance) if by_chance < 1 else None
    return Agreement(whole, same, share, kappa)
