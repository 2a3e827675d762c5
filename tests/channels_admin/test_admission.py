"""The pure decision at the door (SDK-1)."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_admin.addresses import place_of_address
from channels_admin.admission import (
    ChannelRules,
    Circle,
    Claim,
    Earlier,
    Network,
    Point,
    Polygon,
    Reason,
    Region,
    Told,
    decide_admission,
    distance_m,
    doubts_of,
    is_in_range,
    is_inside,
)

SHANGHAI = Region("上海", "310000")
BRANCH = Circle("陆家嘴支行", Point(31.2397, 121.4998), 500)
YARD = Polygon(
    "张江园区",
    (Point(31.20, 121.58), Point(31.20, 121.62), Point(31.23, 121.62), Point(31.23, 121.58)),
)
WIFI = Network("网点 WiFi", ssid="YONGXU-GUEST")
CLAIM = Claim(channel_code="yuanyin")

points = st.builds(Point, st.floats(-89, 89), st.floats(-179, 179))


def test_an_unknown_channel_is_refused():
    assert decide_admission(None, CLAIM).reason is Reason.UNKNOWN_CHANNEL


def test_a_disabled_channel_is_refused_from_anywhere():
    rules = ChannelRules(enabled=False, regions=(SHANGHAI,))

    decision = decide_admission(rules, dataclasses.replace(CLAIM, region_code="310115"))

    assert decision.reason is Reason.DISABLED_CHANNEL


def test_a_channel_without_rows_admits_from_everywhere():
    assert decide_admission(ChannelRules(enabled=True), CLAIM).admitted


def test_one_row_of_any_kind_is_enough():
    rules = ChannelRules(enabled=True, fences=(BRANCH, YARD), networks=(WIFI,))

    decision = decide_admission(rules, dataclasses.replace(CLAIM, ssid="YONGXU-GUEST"))

    assert decision.admitted
    assert [(check.row, check.passed) for check in decision.checks] == [
        ("陆家嘴支行", False),
        ("张江园区", False),
        ("网点 WiFi", True),
    ]


def test_every_configured_kind_is_needed_where_the_channel_says_so():
    rules = ChannelRules(enabled=True, match_all=True, fences=(BRANCH,), networks=(WIFI,))
    at_branch = dataclasses.replace(CLAIM, point=Point(31.2399, 121.5000))

    assert decide_admission(rules, at_branch).reason is Reason.OUTSIDE
    assert decide_admission(rules, dataclasses.replace(at_branch, ssid="YONGXU-GUEST")).admitted


def test_a_refusal_names_every_permitted_place_and_network():
    rules = ChannelRules(enabled=True, regions=(SHANGHAI,), fences=(BRANCH, YARD), networks=(WIFI,))

    decision = decide_admission(rules, CLAIM)

    assert decision.places == ("上海", "陆家嘴支行", "张江园区")
    assert decision.networks == ("网点 WiFi",)


@pytest.mark.parametrize(
    ("row", "told", "covered"),
    [
        ("310000", "310115", True),
        ("310115", "310115", True),
        ("310115", "310000", False),
        ("330100", "330106", True),
        ("330100", "330200", False),
        ("310000", "", False),
    ],
)
def test_a_region_covers_what_lies_below_it(row: str, told: str, covered: bool):
    claim = dataclasses.replace(CLAIM, region_code=told)

    assert Region("x", row).covers(claim) is covered


def test_a_network_row_wants_every_filled_field():
    row = Network("网点", ssid="A", bssid="AA:BB:CC:DD:EE:01", ip_range="10.1.0.0/16")
    claim = dataclasses.replace(CLAIM, ssid="A", bssid="aabb-ccdd-ee01", ip="10.1.2.3")

    assert row.covers(claim)
    assert not row.covers(dataclasses.replace(claim, ip="10.2.0.1"))
    assert not row.covers(dataclasses.replace(claim, bssid=""))


@pytest.mark.parametrize(
    ("ip", "ip_range", "inside"),
    [
        ("10.1.0.5", "10.1.0.1-10.1.0.9", True),
        ("10.1.0.10", "10.1.0.1-10.1.0.9", False),
        ("::ffff:10.1.0.5", "10.1.0.0/24", True),
        ("2001:db8::1", "10.0.0.0/8", False),
        ("", "10.0.0.0/8", False),
        ("nonsense", "10.0.0.0/8", False),
    ],
)
def test_an_address_range_is_a_block_or_two_ends(ip: str, ip_range: str, inside: bool):
    assert is_in_range(ip, ip_range) is inside


def test_the_distance_from_beijing_to_shanghai_is_known():
    assert distance_m(Point(39.9042, 116.4074), Point(31.2304, 121.4737)) == pytest.approx(
        1_067_000, rel=0.005
    )


@given(points, points)
def test_distance_is_symmetric_and_never_beyond_half_the_earth(a: Point, b: Point):
    assert distance_m(a, b) == pytest.approx(distance_m(b, a), abs=1e-6)
    assert 0 <= distance_m(a, b) <= 20_020_000


@given(
    st.floats(-60, 60),
    st.floats(-170, 170),
    st.floats(0.01, 5),
    st.floats(0.01, 5),
    st.floats(0.01, 0.99),
    st.floats(0.01, 0.99),
    st.integers(0, 3),
)
def test_a_box_holds_its_inside_and_nothing_beside_it_whatever_corner_comes_first(
    south: float, west: float, height: float, width: float, up: float, along: float, first: int
):
    north, east = south + height, west + width
    corners = [Point(south, west), Point(south, east), Point(north, east), Point(north, west)]
    turned = corners[first:] + corners[:first]

    assert is_inside(Point(south + up * height, west + along * width), turned)
    assert not is_inside(Point(south + up * height, east + 0.1), turned)
    assert not is_inside(Point(north + 0.1, west + along * width), turned)


@given(
    st.booleans(),
    st.sets(st.sampled_from(["region", "fence", "network"])),
    st.sets(st.sampled_from(["region", "fence", "network"])),
)
def test_any_means_one_fitting_kind_and_all_means_every_configured_kind(
    match_all: bool, configured: set[str], fitting: set[str]
):
    rules = ChannelRules(
        enabled=True,
        match_all=match_all,
        regions=(SHANGHAI,) if "region" in configured else (),
        fences=(BRANCH,) if "fence" in configured else (),
        networks=(WIFI,) if "network" in configured else (),
    )
    claim = Claim(
        channel_code="c",
        region_code="310101" if "region" in fitting else "110101",
        point=BRANCH.centre if "fence" in fitting else Point(0, 0),
        ssid="YONGXU-GUEST" if "network" in fitting else "HOME",
    )
    wanted = configured <= fitting if match_all else bool(configured & fitting)

    assert decide_admission(rules, claim).admitted is (wanted or not configured)


NEAR, FAR = Point(31.2397, 121.4998), Point(39.9, 116.4)


@pytest.mark.parametrize(
    ("facts", "earlier", "doubts"),
    [
        ({}, None, []),
        ({"point": NEAR, "accuracy_m": 12.0}, None, []),
        ({"point": NEAR, "mocked": True}, None, ["mocked"]),
        ({"point": NEAR, "accuracy_m": 0.0}, None, ["no_accuracy"]),
        ({"point": NEAR}, Earlier(FAR, 600), ["too_fast"]),
        ({"point": NEAR}, Earlier(FAR, 7200), []),
        ({"point": NEAR}, Earlier(Point(31.2497, 121.4998), 1), []),
        (
            {"point": NEAR, "mocked": True, "accuracy_m": 0.0},
            Earlier(FAR, 1),
            ["mocked", "no_accuracy", "too_fast"],
        ),
    ],
)
def test_an_invented_position_is_doubted(
    facts: dict[str, object], earlier: Earlier | None, doubts: list[str]
):
    claim = Claim(channel_code="c", **facts)  # type: ignore[arg-type]

    assert [doubt.value for doubt in doubts_of(claim, earlier)] == doubts


FINE = Point(31.2397123, 121.4998456)
OURS = Network("网点", ssid="Branch", bssid="AA:BB:CC:DD:EE:FF", ip_range="10.1.0.0/16")


@pytest.mark.parametrize(
    ("facts", "earlier", "told", "doubts"),
    [
        ({"point": FINE}, Earlier(FINE, 600), Told(), ["repeated"]),
        ({"point": FINE}, Earlier(FINE, 30), Told(), []),
        ({"point": FINE}, Earlier(Point(31.239714, 121.4998456), 600), Told(), []),
        ({"point": NEAR}, Earlier(NEAR, 600), Told(), []),  # four decimals: given by hand
        ({"point": NEAR}, None, Told(by_address=FAR), ["far_from_address"]),
        ({"point": NEAR}, None, Told(by_address=Point(31.3, 120.6)), []),
        ({"point": NEAR}, None, Told(by_region=FAR), ["far_from_region"]),
        (
            {"bssid": "aabbccddeeff", "ip": "8.8.8.8"},
            None,
            Told(networks=(OURS,)),
            ["wifi_elsewhere"],
        ),
        ({"ssid": "Branch", "ip": "8.8.8.8"}, None, Told(networks=(OURS,)), ["wifi_elsewhere"]),
        ({"bssid": "aabbccddeeff", "ip": "10.1.2.3"}, None, Told(networks=(OURS,)), []),
        ({"ssid": "Home", "ip": "8.8.8.8"}, None, Told(networks=(OURS,)), []),
    ],
)
def test_what_contradicts_the_position_is_a_doubt(
    facts: dict[str, object], earlier: Earlier | None, told: Told, doubts: list[str]
):
    claim = Claim(channel_code="c", **facts)  # type: ignore[arg-type]

    assert [doubt.value for doubt in doubts_of(claim, earlier, told)] == doubts


@pytest.mark.parametrize(
    ("ip", "known"),
    [
        ("1.2.3.4", True),
        ("::ffff:1.2.3.4", True),
        ("1.2.4.0", False),
        ("2001:db8::5", True),
        ("2001:db9::", False),
        ("0.0.0.1", False),
        ("nonsense", False),
    ],
)
def test_an_address_is_at_home_where_the_bank_s_list_says(
    ip: str, known: bool, settings: Any, tmp_path: Path
):
    listed = tmp_path / "places.csv"
    listed.write_text("range,region_code\n1.2.3.0/24,310100\n2001:db8::/32,110100\n")
    assert place_of_address(ip) is None  # without a list nobody knows

    settings.IP_PLACES_FILE = str(listed)

    assert (place_of_address(ip) is not None) is known


@pytest.mark.parametrize(("refuses", "admitted"), [(False, True), (True, False)])
def test_a_channel_may_count_a_doubtful_position_out(refuses: bool, admitted: bool):
    rules = ChannelRules(enabled=True, fences=(BRANCH,), refuses_doubtful_place=refuses)
    claim = Claim(channel_code="c", point=BRANCH.centre, mocked=True)

    assert decide_admission(rules, claim, doubts_of(claim, None)).admitted is admitted
    assert decide_admission(rules, claim).admitted is True
