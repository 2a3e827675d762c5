"""`manage.py check_invariants`: whether what must always hold does hold in the database."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, transaction

from operations.invariants import CHECKS, as_json, check


class Command(BaseCommand):
    help = "检查数据库中必须始终成立的约束（check what must always hold）；有不成立的，退出码为 1"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="一行 JSON（one line of JSON）")
        parser.add_argument("--only", nargs="+", choices=sorted(CHECKS), help="只检查这几项")

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            if not connection.savepoint_ids:
                # One picture of a running system: what happens meanwhile is not half seen.
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            results = check(options["only"])
        if options["json"]:
            self.stdout.write(as_json(results))
        else:
            for result in results:
                good = not result.count
                mark = self.style.SUCCESS("✓") if good else self.style.ERROR("✗")
                self.stdout.write(f"{mark} {result.key}  {result.about}")
                for line in result.broken:
                    self.stdout.write(f"      {line}")
        if any(result.count for result in results):
            sys.exit(1)
