"""Which hours a seat works on a day and how they fall into slots. Pure."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

Span = tuple[dt.datetime, dt.datetime]
Hours = tuple[dt.time, dt.time]


@dataclass(frozen=True, slots=True)
class Plan:
    """What was set for one seat, as far as the asked days need it."""

    week: dict[int, list[Hours]] = field(default_factory=dict)  # 0 = Monday
    dated: dict[dt.date, list[Hours]] = field(default_factory=dict)
    leave: dict[dt.date, str] = field(default_factory=dict)
    holidays: dict[dt.date, str] = field(default_factory=dict)
    length: dt.timedelta = dt.timedelta(minutes=40)
    gap: dt.timedelta = dt.timedelta()

    def off_note(self, day: dt.date) -> str:
        """Why the day is free, empty when it is not."""
        if day in self.leave:
            return self.leave[day]
        return "" if day in self.dated else self.holidays.get(day, "")

    def hours(self, day: dt.date) -> list[Hours]:
        """Leave closes the day; hours of the date stand for themselves; a holiday closes the week's."""
        if self.off_note(day):
            return []
        return sorted(self.dated.get(day) or self.week.get(day.weekday(), []))


def slots_of_day(
    plan: Plan, day: dt.date, zone: dt.tzinfo, taken: Iterable[Span] = ()
) -> Iterator[tuple[dt.datetime, dt.datetime, bool]]:
    """Start, end and whether free, in order. What is taken needs the gap before and after it."""
    busy = list(taken)
    for opening, closing in plan.hours(day):
        at = dt.datetime.combine(day, opening, zone)
        until = dt.datetime.combine(day, closing, zone)
        while at + plan.length <= until:
            end = at + plan.length
            free = not any(
                at < upper + plan.gap and lower < end + plan.gap for lower, upper in busy
            )
            yield at, end, free
            at = end + plan.gap


def works_through(plan: Plan, span: Span, zone: dt.tzinfo) -> bool:
    """Whether the seat works from start to end of the span."""
    start, end = (moment.astimezone(zone) for moment in span)
    return any(
        dt.datetime.combine(start.date(), opening, zone) <= start
        and end <= dt.datetime.combine(start.date(), closing, zone)
        for opening, closing in plan.hours(start.date())
    )
