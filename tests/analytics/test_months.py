"""Figures over months that are over are put together from kept sums, and right at every moment."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.core.cache import cache
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import DataScope, Institution, Role, User
from analytics.selectors import GROUPS, Asked, Figures, figures_of
from analytics.services import count_lines_again, keep_months
from channels_admin.models import AdmissionAttempt
from interviews.models import Call
from queueing.models import CallRequest
from tests.analytics.test_lines import CHANGES, rows
from tests.analytics.test_reports import TODAY, a_call
from tests.qc.test_pages import person

pytestmark = pytest.mark.django_db
LAST_MONTH = TODAY.replace(day=1) - dt.timedelta(days=1)
MONTH_BEFORE = LAST_MONTH.replace(day=1) - dt.timedelta(days=1)


def held_on(day: dt.date, **more: Any) -> Call:
    """A call that began at noon of the day."""
    call = a_call(**more)
    call.refresh_from_db()
    noon = timezone.make_aware(dt.datetime.combine(day, dt.time(12)))
    earlier = call.clock_started_at - noon
    moments = ("clock_started_at", "live_at", "ended_at")
    Call.objects.filter(pk=call.pk).update(**{name: F(name) - earlier for name in moments})
    CallRequest.objects.filter(call=call).update(
        **{name: F(name) - earlier for name in ("arrived_at", "closed_at")}
    )
    call.refresh_from_db()
    return call


def a_year(by: str = "month", **more: Any) -> Asked:
    return Asked(TODAY - dt.timedelta(days=365), TODAY, by, **more)


def asked_anew(asked: Asked) -> Figures:
    """As counted from the lines, with nothing kept."""
    cache.clear()
    return figures_of(asked)


def looks(asked: Asked) -> int:
    """How often the lines are read for the question."""
    with CaptureQueriesContext(
        connection,
    ) as queries:
        figures_of(asked)
    return sum("FROM report.calls" in query["sql"] for query in queries)


@pytest.fixture
def three_months() -> list[Call]:
    calls = [
        held_on(day, talk_s=100 * number, wait_s=7 * number)
        for number, day in enumerate((TODAY, LAST_MONTH, MONTH_BEFORE, MONTH_BEFORE), 1)
    ]
    count_lines_again()
    return calls


@pytest.mark.parametrize("by", sorted(GROUPS))
def test_kept_and_counted_figures_are_those_of_the_lines(three_months: list[Call], by: str) -> None:
    counted = figures_of(a_year(by))
    kept = figures_of(a_year(by))

    assert counted == kept
    lines, waits = rows("SELECT * FROM report.calls"), rows("SELECT * FROM report.waits")
    talks = [float(line["talk_s"]) for line in lines]
    assert len(talks) == len(three_months)
    total = kept.total
    assert (total["calls"], total["answered"]) == (len(lines), len(waits))
    assert total["talk_s"] == pytest.approx(np.mean(talks))
    assert total["talk_p90_s"] == pytest.approx(np.quantile(talks, 0.9))
    assert total["waited_s"] == pytest.approx(np.mean([float(w["waited_s"]) for w in waits]))
    assert sum(row["calls"] for row in kept.rows) == len(lines)


def test_months_that_are_over_are_not_read_again(three_months: list[Call]) -> None:
    over = Asked(MONTH_BEFORE.replace(day=1), LAST_MONTH)

    assert [looks(over) for _time in range(3)] == [2, 0, 0]
    assert looks(Asked(over.first, TODAY)) == 1  # this month, by the same question
    assert looks(Asked(over.first, over.last, only=(("channel", "APP"),))) == 2


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_in_a_month_that_is_over_is_in_the_figures_at_once(
    three_months: list[Call], change: Callable[[Call], None]
) -> None:
    asked = Asked(MONTH_BEFORE.replace(day=1), TODAY, "seat")
    figures_of(asked)

    change(three_months[-1])

    kept = figures_of(asked)
    assert kept == asked_anew(asked)
    count_lines_again()
    kept = figures_of(asked)
    assert kept == asked_anew(asked)


def test_a_call_that_moves_to_another_month_leaves_the_first(three_months: list[Call]) -> None:
    over = [Asked(day.replace(day=1), day) for day in (MONTH_BEFORE, LAST_MONTH)]
    assert [figures_of(asked).total["calls"] for asked in over] == [2, 1]

    later = dt.timedelta(days=LAST_MONTH.day)
    Call.objects.filter(pk=three_months[-1].pk).update(
        **{name: F(name) + later for name in ("clock_started_at", "live_at", "ended_at")}
    )

    assert [figures_of(asked).total["calls"] for asked in over] == [1, 2]
    count_lines_again()
    assert [figures_of(asked).total["calls"] for asked in over] == [1, 2]


def test_what_is_counted_while_a_month_is_asked_for_is_not_missed(three_months: list[Call]) -> None:
    """The change and its counting come between the look at the lines and what is kept of it."""
    over = Asked(MONTH_BEFORE.replace(day=1), LAST_MONTH)
    before = asked_anew(over)
    cache.clear()
    came: list[str] = []

    def meanwhile(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        if "FROM report.calls" in sql and not came:
            came.append(sql)
            Call.objects.filter(pk=three_months[-1].pk).update(verdict="PASS")
            count_lines_again()
        return answer

    with connection.execute_wrapper(meanwhile):
        figures_of(over)

    assert came
    assert figures_of(over).total["PASS"] == before.total["PASS"] + 1


def test_people_who_move_take_the_months_before_with_them(three_months: list[Call]) -> None:
    branch = Institution.objects.create(code="B01", name="湖州分行")
    asked = a_year("institution")
    assert [row["label"] for row in figures_of(asked).rows] == ["—"]

    User.objects.filter(pk=three_months[-1].seat.user_id).update(institution=branch)

    told = {row["label"]: row["calls"] for row in figures_of(asked).rows}
    assert told == {"湖州分行": 1, "—": 3}


def test_each_asks_within_the_own_seats(three_months: list[Call]) -> None:
    mine = (three_months[-1].seat.user.staff_no,)

    assert figures_of(a_year()).total["calls"] == 4
    assert figures_of(a_year(seat_nos=mine)).total["calls"] == 1
    assert figures_of(a_year()).total["calls"] == 4


def test_attempts_of_a_year_are_counted_by_reason(three_months: list[Call]) -> None:
    for day in (TODAY, LAST_MONTH, MONTH_BEFORE, MONTH_BEFORE):
        attempt = AdmissionAttempt.objects.create(
            channel_code="APP", admitted=False, reason="outside"
        )
        AdmissionAttempt.objects.filter(pk=attempt.pk).update(
            created_at=timezone.make_aware(dt.datetime.combine(day, dt.time(12)))
        )

    told = [figures_of(a_year()).admission for _time in range(2)]

    assert [[count for _reason, count in each] for each in told] == [[4], [4]]


def test_what_people_will_ask_is_kept_before_they_come(three_months: list[Call]) -> None:
    person("M1", "reports.view")
    mine = three_months[-1].seat.user
    role = Role.objects.create(
        code="own", name="own", operations=["reports.view"], scope=DataScope.OWN
    )
    mine.roles.add(role)

    assert keep_months() == 2 * len(GROUPS)
    assert keep_months(budget_s=0) == 0

    first = MONTH_BEFORE.replace(day=1)
    assert looks(Asked(first, LAST_MONTH, "seat")) == 0
    assert looks(Asked(first, LAST_MONTH, "product", (mine.staff_no,))) == 0


def test_days_of_two_years_are_two_days(three_months: list[Call]) -> None:
    held_on(TODAY - dt.timedelta(days=365))

    found = figures_of(a_year("day"))

    assert [row["calls"] for row in found.rows] == [1, 2, 1, 1]
    assert found.rows[0]["name"] != found.rows[-1]["name"]
