"""Where an address is at home, by the bank's own list (IP_PLACES_FILE); without one nobody knows.

CSV with a header `range,region_code`: a CIDR block or `first-last`, and a code of GB/T 2260.
"""

import bisect
import csv
import ipaddress
from functools import cache
from pathlib import Path

from django.conf import settings

from .admission import Point, range_ends
from .regions import places

Row = tuple[int, int, int, str]  # version, first, last, region


@cache
def _rows(file: str) -> list[Row]:
    with Path(file).open(encoding="utf-8", newline="") as listed:
        rows = []
        for row in csv.DictReader(listed):
            first, last = range_ends(row["range"])
            rows.append((first.version, int(first), int(last), row["region_code"]))
    return sorted(rows)


def place_of_address(ip: str) -> Point | None:
    """The centre of the place; ranges must not overlap."""
    if not settings.IP_PLACES_FILE:
        return None
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    rows = _rows(settings.IP_PLACES_FILE)
    index = bisect.bisect_right(rows, (address.version, int(address), 1 << 128, "")) - 1
    if index < 0:
        return None
    version, first, last, code = rows[index]
    if version != address.version or not first <= int(address) <= last:
        return None
    place = places().get(code)
    return place.point if place else None
