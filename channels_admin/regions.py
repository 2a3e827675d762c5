"""Provinces, cities and counties by administrative code (GB/T 2260). Pure.

The positions are rough centres, good for finding one's way on the small map, never for a decision.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .admission import Point, distance_m

_FILE = Path(__file__).parent / "data" / "regions.csv"


@dataclass(frozen=True, slots=True)
class Place:
    code: str
    name: str
    full_name: str
    point: Point | None

    @property
    def level(self) -> int:
        """1 province, 2 city, 3 county."""
        return 1 if self.code.endswith("0000") else 2 if self.code.endswith("00") else 3


@cache
def places() -> dict[str, Place]:
    with _FILE.open(encoding="utf-8", newline="") as file:
        rows = {row["code"]: row for row in csv.DictReader(file)}
    found = {}
    for code, row in rows.items():
        above = dict.fromkeys((code[:2] + "0000", code[:4] + "00", code))
        names = [rows[each]["name"] for each in above if each in rows]
        # 北京市 北京市 东城区 says it twice
        names = [name for place, name in enumerate(names) if name not in names[:place]]
        point = None
        if row["longitude"]:
            point = Point(float(row["latitude"]), float(row["longitude"]))
        found[code] = Place(code, row["name"], " ".join(names), point)
    return found


def under(code: str) -> list[Place]:
    """What lies one level below a province or city; all provinces for an empty code."""
    found = places().values()
    if not code:
        return [place for place in found if place.level == 1]
    if code.endswith("0000"):
        cities = [p for p in found if p.level == 2 and p.code[:2] == code[:2]]
        # a municipality has its districts right below it
        return cities or [p for p in found if p.level == 3 and p.code[:2] == code[:2]]
    return [p for p in found if p.level == 3 and p.code[:4] == code[:4]]


def name_of(code: str) -> str:
    """浙江省 湖州市 吴兴区; the code itself when it is none we know."""
    place = places().get(code)
    return place.full_name if place else code


def matching(words: str, limit: int = 20) -> list[Place]:
    """Places whose code begins with the word, or whose full name holds every word; wider first."""
    parts = words.split()
    if not parts:
        return []

    def fits(place: Place) -> bool:
        name = place.full_name.replace(" ", "")
        return all(part in name or place.code.startswith(part) for part in parts)

    # A word in the own name comes before one in the name of what lies above.
    found = sorted(
        filter(fits, places().values()),
        key=lambda place: (parts[-1] not in place.name, place.level, place.code),
    )
    return found[:limit]


def around(point: Point, metres: float, limit: int = 40) -> list[Place]:
    """Places within `metres`, wider ones first, then the nearest."""
    near = [
        (place.level, distance, place.code)
        for place, distance in _distances(point)
        if distance <= metres
    ]
    return [places()[code] for _level, _distance, code in sorted(near)[:limit]]


def _distances(point: Point) -> Iterator[tuple[Place, float]]:
    for place in places().values():
        if place.point is not None:
            yield place, distance_m(point, place.point)
