"""Grades of a network, and what a publisher may send by the routing preference. Pure."""

import pytest

from media_worker.rtc.quality import Grade, UplinkPolicy


def looks(grade: Grade, count: int, **seen: float) -> list[str]:
    levels = []
    for _ in range(count):
        grade.look(
            loss_up=seen.get("up", 0.0),
            loss_down=seen.get("down", 0.0),
            rtt_s=seen.get("rtt", 0.05),
        )
        levels.append(grade.level)
    return levels


def test_one_bad_look_is_no_warning_and_two_are() -> None:
    grade = Grade()

    assert looks(grade, 1, up=0.2) == ["good"]
    assert looks(grade, 1) == ["good"]
    assert looks(grade, 2, up=0.2) == ["good", "poor"]
    assert grade.fault == "up"


def test_it_is_good_again_only_after_five_good_looks() -> None:
    grade = Grade()
    looks(grade, 2, down=0.05)
    assert (grade.level, grade.fault) == ("fair", "down")

    assert looks(grade, 5) == ["fair", "fair", "fair", "fair", "good"]
    assert grade.fault == "none"


def test_a_network_that_swings_between_fair_and_poor_is_told_as_bad() -> None:
    grade = Grade()

    grade.look(loss_up=0.04, loss_down=0.0, rtt_s=None)
    grade.look(loss_up=0.10, loss_down=0.0, rtt_s=None)

    assert grade.level == "poor"


def test_a_long_way_alone_is_graded_but_nobodys_fault() -> None:
    grade = Grade()

    looks(grade, 2, rtt=0.7)

    assert (grade.level, grade.fault) == ("poor", "none")


@pytest.mark.parametrize(
    ("preference", "gives_way"), [("smooth", True), ("balanced", False), ("quality", False)]
)
def test_at_seven_percent_loss_only_smooth_gives_the_picture_up(
    preference: str, gives_way: bool
) -> None:
    policy = UplinkPolicy(100, 800, preference)

    allowed = policy.update(loss=0.07, delay_s=0.0, received_kbps=600, subscriber_kbps=None)

    assert (allowed < 800) == gives_way


def test_nothing_pushes_the_picture_below_the_supervisory_floor() -> None:
    policy = UplinkPolicy(300, 800, "smooth")

    for _ in range(40):
        allowed = policy.update(loss=0.4, delay_s=1.0, received_kbps=100, subscriber_kbps=50)

    assert allowed == 300
