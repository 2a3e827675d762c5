"""W4: how long a search of 视频管理 takes while the archive grows.

Fills the search rows (three years, names and places skewed as a bank's are) of a scratch PostgreSQL
and asks what the list asks: the first page, newest first, with its count up to 200. The rows stand
alone, without the recordings they belong to; what the page reads of those is 20 rows by primary key.

Prints JSON lines: one per number of rows with field_p95_ms (worst of the fields), combined_p95_ms
(a part of a name together with another field), and the p95 of each kind.
"""

import argparse
import datetime as dt
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from operations.embedded import Postgres, running

SIZES = (100_000, 1_000_000, 10_000_000)
ROUNDS = 60
DAYS = 3 * 365
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾萧田董潘袁蔡蒋余"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国文辉斌波宁雨桐可欣晓梓涵浩然子轩"
LOAN_TYPES = ("抵押", "经营", "消费", "续贷")  # data
# The most frequent comes first: power-like shares of 12 provinces, 10 cities each, 8 counties each.
FILL = """
INSERT INTO recordings_archiveentry (recording_id, started_at, customer_name, name_plain,
    name_grams, contract_no, loan_type, manager_no, seat_no, province, city, county,
    words_plain, words)
SELECT gen_random_uuid(), at, name, name,
    ARRAY(SELECT DISTINCT unnest(
        regexp_split_to_array(name, '') ||
        ARRAY[substr(name, 1, 2), substr(name, length(name) - 1, 2)])),
    'YXD-' || lpad((%(from)s + n)::text, 10, '0'),
    (%(loans)s)[1 + floor(4 * power(random(), 2))::int],
    lpad((600000 + floor(3000 * power(random(), 2)))::text, 6, '0'),
    lpad((800000 + floor(400 * random()))::text, 6, '0'),
    p || '0000', p || c || '00', p || c || d, said,
    ARRAY[substr(said, 1, 1), substr(said, 2, 1), substr(said, 3, 1), substr(said, 1, 2),
        substr(said, 2, 2)]::varchar(2)[]
FROM (
    SELECT n, %(start)s::timestamptz + interval '1095 days' * ((%(from)s + n)::float8 / %(all)s) AS at,
        substr(%(surnames)s, 1 + floor(length(%(surnames)s) * power(random(), 3))::int, 1)
        || substr(%(given)s, 1 + floor(length(%(given)s) * power(random(), 2))::int, 1)
        || CASE WHEN random() < 0.8
           THEN substr(%(given)s, 1 + floor(length(%(given)s) * power(random(), 2))::int, 1) ELSE '' END AS name,
        (11 + floor(12 * power(random(), 2))::int)::text AS p,
        lpad((1 + floor(10 * power(random(), 2)))::text, 2, '0') AS c,
        lpad((1 + floor(8 * random()))::text, 2, '0') AS d,
        -- a tag's note: three characters, some far more frequent than others
        substr(%(given)s, 1 + floor(length(%(given)s) * power(random(), 2))::int, 1)
        || substr(%(given)s, 1 + floor(length(%(given)s) * random())::int, 1)
        || substr(%(given)s, 1 + floor(length(%(given)s) * random())::int, 1) AS said
    FROM generate_series(1, %(count)s) AS n
    OFFSET 0
) AS made
"""


@contextmanager
def scratch_database(folder: Path) -> Any:
    server = Postgres(folder / "pg", durable=False)
    with running(server, folder / "postgres.log"):
        server.ensure_database("interview")
        os.environ["DATABASE_URL"] = server.url("interview")
        os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:9")
        os.environ["DJANGO_SETTINGS_MODULE"] = "interview_site.settings.test"
        os.environ.update({name: str(folder) for name in ("RUN_DIR", "SPOOL_DIR", "STORAGE_DIR")})
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield


def fill(start: dt.datetime, want: int) -> None:
    """In the order of time, as recordings come."""
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE recordings_archiveentry")
    step, have = 500_000, 0
    while have < want:
        count = min(step, want - have)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # no recordings behind
            cursor.execute(
                FILL,
                {
                    "from": have,
                    "all": want,
                    "count": count,
                    "loans": list(LOAN_TYPES),
                    "start": start,
                    "surnames": SURNAMES,
                    "given": GIVEN,
                },
            )
        have += count
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE recordings_archiveentry")


def kinds(chance: random.Random, start: dt.datetime) -> dict[str, Callable[[], Any]]:
    """A fresh search of each kind; skewed the way the rows are."""
    from recordings.selectors import Search

    def name(parts: int) -> str:
        surname = SURNAMES[int(len(SURNAMES) * chance.random() ** 3)]
        return surname + "".join(
            GIVEN[int(len(GIVEN) * chance.random() ** 2)] for _ in range(parts)
        )

    def province() -> str:
        return str(11 + int(12 * chance.random() ** 2))

    def county() -> str:
        city = 1 + int(10 * chance.random() ** 2)
        return f"{province()}{city:02d}{1 + int(8 * chance.random()):02d}"

    def manager() -> str:
        return f"{600_000 + int(3000 * chance.random() ** 2):06d}"

    def seat() -> str:
        return f"{800_000 + int(400 * chance.random()):06d}"

    def day() -> dt.date:
        return (start + dt.timedelta(days=chance.randrange(DAYS))).date()

    def given() -> str:
        """The part of a name that is no prefix."""
        return name(2)[1:]

    return {
        "newest": lambda: Search(),
        "day": lambda: Search(from_day=(at := day()), until_day=at),
        "name_whole": lambda: Search(customer=name(2)),
        "name_prefix": lambda: Search(customer=name(1)),
        "name_part": lambda: Search(customer=given()),
        "name_one_character": lambda: Search(customer=given()[:1]),
        "loan_type": lambda: Search(loan_type=chance.choice(LOAN_TYPES)),
        "manager": lambda: Search(manager_no=manager()),
        "seat": lambda: Search(seat_no=seat()),
        "province": lambda: Search(province=f"{province()}0000"),
        "county": lambda: Search(county=county()),
        "words": lambda: Search(words=given()),
        "part+seat": lambda: Search(customer=given(), seat_no=seat()),
        "part+manager": lambda: Search(customer=given(), manager_no=manager()),
        "part+province+loan": lambda: Search(
            customer=given(), province=f"{province()}0000", loan_type=chance.choice(LOAN_TYPES)
        ),
        "part+month": lambda: Search(
            customer=given(), from_day=(at := day()), until_day=at + dt.timedelta(days=30)
        ),
    }


def p95(durations_ms: list[float]) -> float:
    return round(sorted(durations_ms)[int(0.95 * (len(durations_ms) - 1))], 1)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, nargs="*", default=list(SIZES))
    arguments.add_argument("--short", action="store_true", help="0.1 million rows only")
    arguments.add_argument("--seed", type=int, default=1)
    asked = arguments.parse_args()
    sizes = [SIZES[0]] if asked.short else sorted(asked.rows)
    start = dt.datetime(2023, 11, 1, tzinfo=dt.UTC)
    with tempfile.TemporaryDirectory() as folder, scratch_database(Path(folder)):
        from recordings.selectors import first_keys

        for rows in sizes:
            began = time.perf_counter()
            fill(start, rows)
            filled_s = time.perf_counter() - began
            chance = random.Random(asked.seed)
            found: dict[str, float] = {}
            for kind, make in kinds(chance, start).items():
                took = []
                for _ in range(ROUNDS):
                    search = make()
                    at = time.perf_counter()
                    first_keys(search)
                    took.append((time.perf_counter() - at) * 1000)
                found[kind] = p95(took)
            print(
                json.dumps(
                    {
                        "benchmark": "search",
                        "rows": rows,
                        "field_p95_ms": max(v for k, v in found.items() if "+" not in k),
                        "combined_p95_ms": max(v for k, v in found.items() if "+" in k),
                        "filled_s": round(filled_s),
                        "seed": asked.seed,
                        "p95_ms": found,
                    }
                ),
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
