"""Who may call in from where (SDK-1). Pure: facts in, an explained decision out."""

import ipaddress
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

FASTEST_M_PER_S = 300.0  # an airliner
NEAR_M = 2000.0  # two receivers of one phone may differ by this
# What an address or a named region says of the place is rough: the centre of a city.
CONTRADICTS_M = 200_000.0
DECIMALS = 6  # as they are stored, 10 cm: two readings of a real receiver do not agree to that
SAME_AFTER_S = 60.0  # before that a device may give one reading twice
EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Point:
    """Degrees, WGS-84."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Claim:
    """What the caller's device and the ticket say. Empty means: not known."""

    channel_code: str
    product_code: str = ""
    phone: str = ""
    point: Point | None = None
    accuracy_m: float | None = None
    mocked: bool = False  # the device itself says that the position was set by a program
    region_code: str = ""
    ssid: str = ""
    bssid: str = ""
    ip: str = ""
    device_model: str = ""
    os: str = ""
    sdk_version: str = ""


@dataclass(frozen=True, slots=True)
class Region:
    """A place by administrative code (GB/T 2260, six digits; 310000 covers 310115)."""

    name: str
    code: str

    def covers(self, claim: Claim) -> bool:
        return bool(claim.region_code) and claim.region_code.startswith(self._prefix())

    def _prefix(self) -> str:
        code = self.code
        while len(code) > 2 and code.endswith("00"):
            code = code[:-2]
        return code


@dataclass(frozen=True, slots=True)
class Circle:
    name: str
    centre: Point
    radius_m: float

    def covers(self, claim: Claim) -> bool:
        return claim.point is not None and distance_m(self.centre, claim.point) <= self.radius_m


@dataclass(frozen=True, slots=True)
class Polygon:
    """A simple polygon of at least three corners that does not cross the 180th meridian."""

    name: str
    corners: tuple[Point, ...]

    def covers(self, claim: Claim) -> bool:
        return claim.point is not None and is_inside(claim.point, self.corners)


@dataclass(frozen=True, slots=True)
class Network:
    """One row: every filled field has to fit. `ip_range` is compared with the address we see."""

    name: str
    ssid: str = ""
    bssid: str = ""
    ip_range: str = ""

    def covers(self, claim: Claim) -> bool:
        fits = []
        if self.ssid:
            fits.append(self.ssid == claim.ssid)
        if self.bssid:
            fits.append(bssid_form(self.bssid) == bssid_form(claim.bssid))
        if self.ip_range:
            fits.append(is_in_range(claim.ip, self.ip_range))
        return bool(fits) and all(fits)


@dataclass(frozen=True, slots=True)
class ChannelRules:
    enabled: bool
    match_all: bool = False
    refuses_doubtful_place: bool = False
    regions: tuple[Region, ...] = ()
    fences: tuple[Circle | Polygon, ...] = ()
    networks: tuple[Network, ...] = ()


class Reason(StrEnum):
    ADMITTED = "admitted"
    UNKNOWN_CHANNEL = "unknown_channel"
    DISABLED_CHANNEL = "disabled_channel"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Check:
    """One configured row that was looked at."""

    kind: str
    row: str
    passed: bool


@dataclass(frozen=True, slots=True)
class AdmissionDecision:
    """`places` and `networks` name what would have been permitted when the caller is outside."""

    reason: Reason
    checks: tuple[Check, ...] = ()
    places: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()

    @property
    def admitted(self) -> bool:
        return self.reason is Reason.ADMITTED


class Doubt(StrEnum):
    """Why a position may be invented. A doubt is shown to the seat; a channel may count it out."""

    MOCKED = "mocked"
    NO_ACCURACY = "no_accuracy"
    TOO_FAST = "too_fast"
    REPEATED = "repeated"  # the same as before to the last decimal
    FAR_FROM_ADDRESS = "far_from_address"  # the address we see belongs to another place
    FAR_FROM_REGION = "far_from_region"  # the device itself names another place
    WIFI_ELSEWHERE = "wifi_elsewhere"  # says it is in our WiFi, and comes from another address


@dataclass(frozen=True, slots=True)
class Earlier:
    """Where the same phone said it was before, and how many seconds ago."""

    point: Point
    seconds_ago: float


@dataclass(frozen=True, slots=True)
class Told:
    """What else speaks of the place: by the address we see, by the region the device names."""

    by_address: Point | None = None
    by_region: Point | None = None
    networks: tuple[Network, ...] = ()


NOTHING_TOLD = Told()


def doubts_of(
    claim: Claim, earlier: Earlier | None, told: Told = NOTHING_TOLD
) -> tuple[Doubt, ...]:
    """What speaks against the claimed place (G1)."""
    found = []
    if _is_wifi_elsewhere(claim, told.networks):
        found.append(Doubt.WIFI_ELSEWHERE)
    if claim.point is None:
        return tuple(found)
    if claim.mocked:
        found.append(Doubt.MOCKED)
    if claim.accuracy_m == 0:
        found.append(Doubt.NO_ACCURACY)
    if earlier is not None:
        way_m = distance_m(earlier.point, claim.point)
        if way_m > FASTEST_M_PER_S * max(1.0, earlier.seconds_ago) and way_m > NEAR_M:
            found.append(Doubt.TOO_FAST)
        if earlier.seconds_ago >= SAME_AFTER_S and _is_same_reading(earlier.point, claim.point):
            found.append(Doubt.REPEATED)
    if _is_far(told.by_address, claim.point):
        found.append(Doubt.FAR_FROM_ADDRESS)
    if _is_far(told.by_region, claim.point):
        found.append(Doubt.FAR_FROM_REGION)
    return tuple(found)


def _is_far(place: Point | None, point: Point) -> bool:
    return place is not None and distance_m(place, point) > CONTRADICTS_M


def _is_same_reading(before: Point, now: Point) -> bool:
    """Equal to the last decimal; a position that was given roughly from the start says nothing."""
    numbers = (now.latitude, now.longitude)
    is_fine = any(round(number, DECIMALS) != round(number, 4) for number in numbers)
    same = zip(numbers, (before.latitude, before.longitude), strict=True)
    return is_fine and all(round(a, DECIMALS) == round(b, DECIMALS) for a, b in same)


def _is_wifi_elsewhere(claim: Claim, networks: Sequence[Network]) -> bool:
    """The names of one of our networks are easily claimed; its addresses are not."""
    bssid = bssid_form(claim.bssid)
    named = [
        row
        for row in networks
        if row.ip_range
        and (
            (row.bssid and bssid_form(row.bssid) == bssid) or (row.ssid and row.ssid == claim.ssid)
        )
    ]
    return bool(named) and not any(is_in_range(claim.ip, row.ip_range) for row in named)


def decide_admission(
    channel: ChannelRules | None, claim: Claim, doubts: Sequence[Doubt] = ()
) -> AdmissionDecision:
    """Admit or refuse, with every row that was looked at.

    A channel without rows admits from everywhere. With rows, one fitting row of any kind is
    enough; `match_all` asks for one fitting row of each configured kind. Where the channel says
    so, a doubtful position counts as none.
    """
    if channel is None:
        return AdmissionDecision(Reason.UNKNOWN_CHANNEL)
    if not channel.enabled:
        return AdmissionDecision(Reason.DISABLED_CHANNEL)
    if doubts and channel.refuses_doubtful_place:
        claim = replace(claim, point=None)
    by_kind = {
        "region": _look(channel.regions, "region", lambda row: (row.name, row.covers(claim))),
        "fence": _look(channel.fences, "fence", lambda row: (row.name, row.covers(claim))),
        "network": _look(channel.networks, "network", lambda row: (row.name, row.covers(claim))),
    }
    checks = tuple(check for rows in by_kind.values() for check in rows)
    verdicts = [any(check.passed for check in rows) for rows in by_kind.values() if rows]
    enough = all(verdicts) if channel.match_all else any(verdicts)
    if not verdicts or enough:
        return AdmissionDecision(Reason.ADMITTED, checks)
    return AdmissionDecision(
        Reason.OUTSIDE,
        checks,
        places=tuple(row.name for row in (*channel.regions, *channel.fences)),
        networks=tuple(row.name for row in channel.networks),
    )


def _look(
    rows: Iterable[R], kind: str, judge: Callable[[R], tuple[str, bool]]
) -> tuple[Check, ...]:
    return tuple(Check(kind, *judge(row)) for row in rows)


def distance_m(a: Point, b: Point) -> float:
    """Great-circle distance in metres (haversine)."""
    lat_a, lat_b = math.radians(a.latitude), math.radians(b.latitude)
    half_lat = (lat_b - lat_a) / 2
    half_lng = math.radians(b.longitude - a.longitude) / 2
    h = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lng) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, h)))


def is_inside(point: Point, corners: Sequence[Point]) -> bool:
    """Ray casting on the plane of degrees: exact enough for a fence of a few kilometres."""
    if len(corners) < 3:
        return False
    inside = False
    previous = corners[-1]
    for corner in corners:
        crosses = (corner.latitude > point.latitude) != (previous.latitude > point.latitude)
        if crosses:
            share = (point.latitude - corner.latitude) / (previous.latitude - corner.latitude)
            meets = corner.longitude + share * (previous.longitude - corner.longitude)
            if point.longitude < meets:
                inside = not inside
        previous = corner
    return inside


def is_in_range(ip: str, ip_range: str) -> bool:
    """Whether `ip` lies in a CIDR block or a `first-last` range. An unreadable address does not."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    first, last = range_ends(ip_range)
    return address.version == first.version and int(first) <= int(address) <= int(last)


def range_ends(
    ip_range: str,
) -> tuple[
    ipaddress.IPv4Address | ipaddress.IPv6Address, ipaddress.IPv4Address | ipaddress.IPv6Address
]:
    """First and last address of `10.0.0.0/8` or `10.0.0.1-10.0.0.9`. Raises ValueError."""
    if "-" in ip_range:
        first, last = (ipaddress.ip_address(part.strip()) for part in ip_range.split("-", 1))
        if first.version != last.version or int(first) > int(last):
            raise ValueError("the range runs backwards")
        return first, last
    network = ipaddress.ip_network(ip_range.strip(), strict=False)
    return network[0], network[-1]


def bssid_form(bssid: str) -> str:
    """Twelve lower-case hex digits: devices write colons, dashes or neither."""
    return "".join(c for c in bssid.lower() if c in "0123456789abcdef")
