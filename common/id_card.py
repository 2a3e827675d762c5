"""What a resident identity card's number tells: region, birthday, sex (GB 11643). Pure."""

import datetime as dt
from dataclasses import dataclass

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


@dataclass(frozen=True, slots=True)
class IdFacts:
    """`region` is the 6-digit code at the first registration; `gender` male or female."""

    region: str
    born_on: dt.date
    gender: str

    def age_on(self, day: dt.date) -> int:
        """Whole years."""
        before = (day.month, day.day) < (self.born_on.month, self.born_on.day)
        return day.year - self.born_on.year - before


def facts_of(number: str) -> IdFacts | None:
    """None when it is no such number: another kind of document tells nothing."""
    if len(number) != 18 or not number[:17].isdecimal() or not number.isascii():
        return None
    try:
        born_on = dt.datetime.strptime(number[6:14], "%Y%m%d").date()  # noqa: DTZ007 - a day
    except ValueError:
        return None
    return IdFacts(number[:6], born_on, "male" if int(number[16]) % 2 else "female")


def check_digit(first17: str) -> str:
    """The 18th character (ISO 7064 MOD 11-2)."""
    return _CHECKS[sum(w * int(d) for w, d in zip(_WEIGHTS, first17, strict=True)) % 11]
