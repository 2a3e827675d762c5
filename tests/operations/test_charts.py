"""Plots laid out on the server are right to the pixel and leave gaps where nothing was measured."""

import pytest

from ui.charts import BOTTOM, HEIGHT, LEFT, TOP, WIDEST_BAR, lines, nice_top, stacked


@pytest.mark.parametrize(
    ("largest", "top"), [(0, 1), (1, 1.2), (3, 4), (7, 8), (9, 12), (101, 120), (0.3, 0.4)]
)
def test_an_axis_ends_at_a_round_number(largest, top):
    assert nice_top(largest) == pytest.approx(top)


def test_bars_stand_on_the_base_and_on_each_other():
    chart = stacked("每日", ["a", "b"], [("通过", [2, 0]), ("拒件", [2, 1])])

    room = HEIGHT - TOP - BOTTOM
    first, second, third = chart.bars
    assert first.y + first.height == pytest.approx(chart.base, abs=0.1)
    assert second.y + second.height == pytest.approx(first.y, abs=0.1)
    assert third.height == pytest.approx(room / 4, abs=0.1)
    assert first.x > LEFT
    assert second.title == "a · 拒件 2"
    assert chart.legend == ((0, "通过"), (1, "拒件"))


def test_a_single_day_is_a_slim_bar_in_the_middle_and_its_axis_counts_in_whole_numbers():
    chart = stacked("每日", ["a"], [("通过", [1])])

    (bar,) = chart.bars
    assert bar.width == WIDEST_BAR
    assert bar.x + bar.width / 2 == pytest.approx((LEFT + chart.right) / 2)
    assert [text for _y, text in chart.ticks] == ["0", "1", "2", "3", "4"]


def test_a_line_breaks_where_nothing_is_known():
    chart = lines("等待", ["a", "b", "c", "d"], [("秒", [1.0, None, 3.0, 5.0])])

    assert [len(run.split()) for run in chart.lines[0].runs] == [1, 2]
    assert chart.ticks[-1][1] == "8"
    assert chart.lines[0].dots[-1][1] == pytest.approx(TOP + (HEIGHT - TOP - BOTTOM) * 3 / 8)


def test_nothing_at_all_is_an_empty_plot():
    assert stacked("x", ["a"], [("n", [0])]).is_empty
    assert lines("x", ["a"], [("n", [None])]).is_empty
    assert not lines("x", ["a"], [("n", [0.25])]).is_empty
    assert [text for _y, text in lines("x", ["a"], [("n", [0.9])]).ticks][1] == "0.3"
    assert stacked("x", [], []).bars == ()
    assert lines("x", [], []).ticks[-1][1] == "1"
