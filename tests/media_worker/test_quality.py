"""Grades of a network, and what a publisher may send by the routing preference. Pure."""

from collections.abc import Callable

import pytest

from media_worker.rtc.inbound import Inbound
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


def allowances(way_s: Callable[[int], float], seconds: int) -> list[float]:
    """What a publisher of 15 pictures a second may send, who takes it all; `way_s` of each second."""
    stream = Inbound("video", send_rtcp=lambda _: None, arm=lambda *_: None, rtcp_ssrc=1)
    stream.negotiated(96, None, 1, None)
    policy = UplinkPolicy(100, 800)
    allowed = [800.0]
    for number in range(seconds * 15):
        arrived = number / 15 + way_s(number // 15)
        packet = b"\x80\xe0" + bytes(10) + b"\x10\x51\x00\x00"
        stream.on_rtp(packet, 0xE0, number & 0xFFFF, number * 6000, 1, arrived)
        if number % 15 == 14:
            allowed.append(
                policy.update(
                    loss=0, delay_s=stream.delay_s, received_kbps=allowed[-1], subscriber_kbps=None
                )
            )
    return allowed


def test_a_way_that_became_longer_is_no_queue_for_ever() -> None:
    allowed = allowances(lambda second: 0.05 if second < 20 else 0.45, 60)

    assert min(allowed[20:35]) > 100
    assert allowed[45:] == [800.0] * 16


def test_a_queue_that_grows_is_given_way_to() -> None:
    allowed = allowances(lambda second: 0.05 * second, 30)

    assert allowed[-1] < 250
