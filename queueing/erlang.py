"""How many seats a line needs: Erlang C (M/M/c, nobody hangs up). Pure.

Erlang's delay formula; see Gans, Koole and Mandelbaum, "Telephone Call Centers", 2003, section 4.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Staffing:
    """What to expect with `seats` seats. Shares are 0-1, times are seconds."""

    seats: int
    load: float  # erlangs offered
    wait_probability: float
    service_level: float
    answer_s: float
    occupancy: float


def wait_probability(load: float, seats: int) -> float:
    """Chance that somebody has to wait; 1 when the load is more than the seats can carry."""
    if load <= 0:
        return 0.0
    if seats <= load:
        return 1.0
    # Erlang B by its recursion, which neither overflows nor cancels.
    blocked = 1.0
    for number in range(1, seats + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked / (1 - (load / seats) * (1 - blocked))


def staffing(
    calls: float, interval_s: float, handling_s: float, target_s: float, seats: int
) -> Staffing:
    """`calls` arrive in `interval_s`, each keeps a seat for `handling_s`."""
    load = calls * handling_s / interval_s
    waits = wait_probability(load, seats)
    spare = seats - load
    if spare <= 0:
        return Staffing(seats, load, 1.0, 0.0, math.inf, 1.0)
    level = 1 - waits * math.exp(-spare * target_s / handling_s) if handling_s > 0 else 1.0
    return Staffing(seats, load, waits, level, waits * handling_s / spare, load / seats)


def seats_needed(
    calls: float, interval_s: float, handling_s: float, target_s: float, level: float
) -> Staffing:
    """The least seats that reach the service level (0-1, less than 1)."""
    seats = max(1, math.floor(calls * handling_s / interval_s) + 1)
    while (found := staffing(calls, interval_s, handling_s, target_s, seats)).service_level < level:
        seats += 1
    return found
