"""Hours and slots of a day."""

import datetime as dt
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from appointments.timetable import Plan, slots_of_day, works_through

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = dt.date(2026, 11, 23)
MORNING = (dt.time(9), dt.time(12))
EVENING = (dt.time(18), dt.time(20))


def starts(plan, day=MONDAY, taken=()):
    return [f"{start:%H:%M}" for start, _end, free in slots_of_day(plan, day, ZONE, taken) if free]


def test_slots_follow_each_other_at_length_plus_gap():
    plan = Plan(week={0: [MORNING]}, length=dt.timedelta(minutes=40), gap=dt.timedelta(minutes=10))

    assert starts(plan) == ["09:00", "09:50", "10:40"]


def test_hours_of_the_date_replace_those_of_the_weekday():
    assert starts(Plan(week={0: [MORNING]}, dated={MONDAY: [EVENING]})) == [
        "18:00",
        "18:40",
        "19:20",
    ]


def test_a_holiday_closes_the_week_but_not_the_hours_of_that_very_date():
    holiday = {MONDAY: "国庆节"}

    assert starts(Plan(week={0: [MORNING]}, holidays=holiday)) == []
    assert starts(Plan(dated={MONDAY: [EVENING]}, holidays=holiday)) != []


def test_leave_closes_the_day_whatever_else_is_set():
    plan = Plan(week={0: [MORNING]}, dated={MONDAY: [EVENING]}, leave={MONDAY: "请假"})

    assert starts(plan) == []
    assert plan.off_note(MONDAY) == "请假"


def test_a_booking_off_the_grid_keeps_its_gap_free():
    plan = Plan(week={0: [MORNING]}, gap=dt.timedelta(minutes=10))
    ten = dt.datetime.combine(MONDAY, dt.time(10), ZONE)

    assert starts(plan, taken=[(ten, ten + dt.timedelta(minutes=40))]) == ["09:00"]


def test_a_span_is_worked_through_only_inside_one_stretch_of_hours():
    plan = Plan(week={0: [MORNING]})
    nine = dt.datetime.combine(MONDAY, dt.time(9), ZONE)

    assert works_through(plan, (nine, nine + dt.timedelta(hours=3)), ZONE)
    assert not works_through(plan, (nine, nine + dt.timedelta(hours=4)), ZONE)


MINUTES = st.integers(0, 23 * 60)


@given(
    st.lists(st.tuples(MINUTES, st.integers(1, 600)), max_size=3),
    st.lists(st.tuples(MINUTES, st.integers(1, 120)), max_size=4),
    st.integers(10, 90),
    st.integers(0, 30),
)
def test_a_free_slot_lies_in_the_hours_and_away_from_what_is_taken(hours, taken, length, gap):
    def moment(minute):
        return dt.datetime.combine(MONDAY, dt.time.min, ZONE) + dt.timedelta(minutes=minute)

    week = [(moment(start).time(), moment(min(start + size, 1439)).time()) for start, size in hours]
    busy = [(moment(start), moment(start + size)) for start, size in taken]
    plan = Plan(week={0: week}, length=dt.timedelta(minutes=length), gap=dt.timedelta(minutes=gap))

    for start, end, free in slots_of_day(plan, MONDAY, ZONE, busy):
        assert works_through(plan, (start, end), ZONE)
        assert free == all(
            end + plan.gap <= lower or upper + plan.gap <= start for lower, upper in busy
        )
