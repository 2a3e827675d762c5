"""The check of a chain: every entry is hashed again and must follow from the one before."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

PART = 20_000
_BEFORE_ALL = -(2**63)
# In one statement, so that what is appended meanwhile moves rows and head together.
_NEXT_PART = """
WITH part AS (
    SELECT e.id, e.seq, e.prev, e.hash, e.at, sha256(audit_canonical(e)) AS anew
    FROM audit_auditentry e
    WHERE e.chain = %(chain)s AND (e.seq, e.id) > (%(seq)s, %(id)s)
    ORDER BY e.seq, e.id LIMIT %(most)s
), placed AS (
    SELECT *, %(done)s + row_number() OVER ordered AS place,
        lag(hash, 1, coalesce(%(hash)s, sha256(convert_to('GENESIS:' || %(chain)s, 'UTF8'))))
            OVER ordered AS before
    FROM part WINDOW ordered AS (ORDER BY seq, id)
), wrong AS (
    SELECT place, seq FROM placed
    WHERE seq <> place OR prev <> before OR hash <> anew ORDER BY place LIMIT 1
)
SELECT (SELECT count(*) FROM part), (SELECT min(at) FROM part), (SELECT place FROM wrong),
    (SELECT seq FROM wrong), last.seq, last.id, last.hash, last.at, head.seq, head.hash
FROM (SELECT) AS one
LEFT JOIN LATERAL (SELECT * FROM part ORDER BY seq DESC, id DESC LIMIT 1) last ON true
LEFT JOIN audit_head head ON head.chain = %(chain)s
"""
# By the index from one name to the next: entries without a head and heads without entries, too.
_NEXT_CHAIN = """
SELECT least(
    (SELECT min(chain) FROM audit_auditentry WHERE chain > %(chain)s),
    (SELECT min(chain) FROM audit_head WHERE chain > %(chain)s)
)
"""


@dataclass(frozen=True, slots=True)
class Check:
    """`broken_seq` is the first entry that does not fit; None with `holds` False: the end is cut."""

    chain: str
    holds: bool
    entries: int
    broken_seq: int | None
    first_at: dt.datetime | None = None
    last_at: dt.datetime | None = None


def check_chain(chain: str, tell: Callable[[int], None] = lambda _entries: None) -> Check:
    """A part at a time; `tell` hears how many entries were looked at."""
    place: dict[str, Any] = {
        "chain": chain,
        "seq": _BEFORE_ALL,
        "id": _BEFORE_ALL,
        "hash": None,
        "most": PART,
    }
    done, first_at, last_at = 0, None, None
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_NEXT_PART, place | {"done": done})
            count, begun, wrong_place, wrong_seq, seq, pk, own, at, head_seq, head = (
                cursor.fetchone()
            )
        first_at, last_at = first_at or begun, at or last_at
        if wrong_place is not None:
            return Check(chain, False, wrong_place, wrong_seq, first_at, last_at)
        done += count
        tell(done)
        if count:
            place |= {"seq": seq, "id": pk, "hash": own}
        if count < PART:
            whole = (head_seq or 0) == done and (not done or bytes(head) == bytes(place["hash"]))
            return Check(chain, whole, done, None, first_at, last_at)


def every_chain() -> Iterator[str]:
    """By name, also those that lost their entries or their head."""
    last = ""
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_NEXT_CHAIN, {"chain": last})
            (found,) = cursor.fetchone()
        if found is None:
            return
        last = found
        yield last
