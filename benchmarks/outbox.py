"""W7: the credit system is down for an hour under load. What is lost, doubled, out of order; how long it drains.

A scratch PostgreSQL, the bank's simulator as a process of its own, four delivering threads as Celery
runs them. While the bank is down every contract gets its messages (new task, loan proposal, end of the
task); then the hour's waiting is put on them (attempts and the next try as they would be by then),
the bank comes back - doubling, failing and falling silent after the commit now and then - and the clock
runs until nothing waits.

Prints JSON lines: lost, doubled, out_of_order, drain_s, with how many messages and repetitions.
"""

import argparse
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from operations.embedded import Postgres, Valkey, free_port, running

WORKERS = 4
# The circuit is open nearly all the hour: one probe in ten seconds spends an attempt, all others wait.
HOUR_ATTEMPTS, LONGEST_WAIT_S = 4, 12
DRAIN_WITHIN_S = 600
PROJECT = Path(__file__).resolve().parent.parent


@contextmanager
def scratch_system(folder: Path, port: int) -> Iterator[None]:
    """A database with its tables, and Django set up to speak to a bank on `port`."""
    postgres, valkey = Postgres(folder / "pg", durable=False), Valkey(folder / "valkey")
    with (
        running(postgres, folder / "postgres.log"),
        running(valkey, folder / "valkey.log"),
    ):
        postgres.ensure_database("interview")
        os.environ.update({name: str(folder) for name in ("RUN_DIR", "SPOOL_DIR", "STORAGE_DIR")})
        os.environ.update(
            {
                "DATABASE_URL": postgres.url("interview"),
                "REDIS_URL": valkey.url,
                "DJANGO_SETTINGS_MODULE": "interview_site.settings.test",
                "CREDIT_BACKEND": "http",
                "CREDIT_URL": f"http://127.0.0.1:{port}",
            }
        )
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        try:
            yield
        finally:
            from django.db import connections

            connections.close_all()


@contextmanager
def bank_process(port: int) -> Iterator[str]:
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "manage.py", "bank_simulator", "--port", str(port)]
    child = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{url}/health", trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        yield url
    finally:
        child.terminate()
        child.wait(10)


def publish_load(contracts: int) -> int:
    """Cases in the book, and three messages of each. How many messages."""
    from django.db import transaction

    from common.actor import SYSTEM
    from credit_bridge import services
    from interviews import services as interviews
    from outbox.models import OutboxMessage
    from tests.support.bank import credit_case
    from tests.support.factories import make_task

    for _ in range(contracts):
        with transaction.atomic():
            case = credit_case()
            task = make_task(contract_no=case.contract_no)
            services.propose_loan(task.pk, {"amount": "380000.00"}, actor=SYSTEM)
            interviews.settle_task(task.pk, passed=True, actor=SYSTEM)
    return OutboxMessage.objects.count()


class Delivery:
    """What Celery does: every two seconds each worker delivers what is due."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work) for _ in range(WORKERS)]
        for thread in self._threads:
            thread.start()

    def _work(self) -> None:
        from django.db import connection

        from outbox.services import deliver_one

        try:
            while not self._stop.is_set():
                if not deliver_one():
                    self._stop.wait(2.0 * random.uniform(0.5, 1.0))
        finally:
            connection.close()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def let_an_hour_pass() -> None:
    """As if the hour had passed: what is first in its lane was a probe now and then."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE outbox_outboxmessage SET attempts = %s,"
            " due_at = now() + random() * interval '1 second' * %s WHERE attempts > 0",
            [HOUR_ATTEMPTS, LONGEST_WAIT_S],
        )


def trouble(url: str, times: int) -> None:
    from django.conf import settings

    headers = {"Authorization": f"Bearer {settings.CREDIT_SECRET}"}
    for every, fault in ((7, "duplicate"), (11, "commit_then_silence"), (13, "error")):
        body = {"fault": fault, "count": times, "every": every}
        httpx.post(
            f"{url}/switches", json=body, headers=headers, trust_env=False
        ).raise_for_status()


def applied(url: str) -> list[dict[str, Any]]:
    from django.conf import settings

    headers = {"Authorization": f"Bearer {settings.CREDIT_SECRET}"}
    answer = httpx.get(f"{url}/log", headers=headers, timeout=60, trust_env=False)
    found: list[dict[str, Any]] = answer.raise_for_status().json()
    return found


def drained() -> bool:
    from outbox.models import OutboxMessage

    return not OutboxMessage.objects.exclude(state="done").exists()


def measure(contracts: int, outage_s: float, faults: int) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="outbox-") as name:
        port = free_port()
        with scratch_system(Path(name), port):
            from credit_bridge.models import CreditProposal, CreditTask

            delivery = Delivery()
            try:
                began = time.monotonic()
                messages = publish_load(contracts)
                time.sleep(max(0.0, outage_s - (time.monotonic() - began)))
                let_an_hour_pass()
                with bank_process(port) as url:
                    trouble(url, faults)
                    back = time.monotonic()
                    while not drained() and time.monotonic() - back < DRAIN_WITHIN_S:
                        time.sleep(0.2)
                    drain_s = time.monotonic() - back
                    log = applied(url)
            finally:
                delivery.stop()
            first = list(dict.fromkeys((one["contract_no"], one["sequence"]) for one in log))
            right = CreditTask.objects.filter(state="PASSED").count()
            effects = CreditTask.objects.count() + CreditProposal.objects.count()
    by_contract: dict[str, list[int]] = {}
    for contract_no, sequence in first:
        by_contract.setdefault(contract_no, []).append(sequence)
    disordered = sum(
        any(later < earlier for earlier, later in itertools.pairwise(sequences))
        for sequences in by_contract.values()
    )
    facts = {"messages": messages, "repetitions": len(log) - len(first)}
    yield {"name": "lost", "value": messages - len(first) + contracts - right, "target": 0, **facts}
    yield {"name": "doubled", "value": effects - 2 * contracts, "target": 0}
    yield {"name": "out_of_order", "value": disordered, "target": 0}
    yield {"name": "drain_s", "value": round(drain_s, 1), "unit": "s", "target": 300, **facts}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    asked = parser.parse_args()
    size = (200, 8.0, 10) if asked.short else (3000, 120.0, 200)
    for figure in measure(*size):
        print(json.dumps({"figure": "W7", **figure}, ensure_ascii=False), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
