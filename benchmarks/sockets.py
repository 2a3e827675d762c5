"""W1: signed-in seats and waiting customers on the sockets of one web process.

Everybody connects as the pages do, sends heartbeats on time (seats every 10 s, customers every 10 s)
and hears the line change while it is held. Counted: sockets that are still open and were answered at
the end; memory of the web process per socket; heartbeats that were answered late.
"""

import argparse
import asyncio
import datetime as dt
import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._scratch import p95, scratch, session_cookie, web_server  # after the path

HEARTBEAT_S = 10.0
AT_ONCE = 12  # a customer's address may have 20 sockets that have not said who they are


def figure(name: str, value: float, unit: str, target: float | None, load: object) -> None:
    line = {"figure": "W1", "name": name, "value": value, "unit": unit, "target": target}
    print(json.dumps({**line, "load": load}), flush=True)


def rss_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ProcessLookupError(pid)


def people(seats: int, customers: int) -> tuple[list[str], list[str]]:
    """Cookies of seats that say 示闲, secrets of customers in the line."""
    import uuid

    from django.utils import timezone

    from accounts.models import Role
    from customer_sdk.models import CallToken, EntryTicket
    from interviews.models import Consent
    from queueing.models import CallRequest
    from seats.models import SeatPresence
    from seats.states import Presence
    from tests.support.factories import make_seat, make_task

    role = Role.objects.create(code="bench", name="坐席", operations=["workbench.use"])  # data
    cookies = []
    for _ in range(seats):
        seat = make_seat()
        seat.user.roles.add(role)
        # Paused: held sockets, not calls, are measured.
        SeatPresence.objects.create(seat=seat, state=Presence.PAUSED, heartbeat_at=timezone.now())
        cookies.append(session_cookie(seat.user))
    secrets, later = [], timezone.now() + dt.timedelta(hours=1)
    for number in range(customers):
        task = make_task()
        party = task.parties.get()
        Consent.objects.create(party=party, text_version="bench")
        request = CallRequest.objects.create(task=task, party=party, channel_code="APP")
        secret = f"bench-{number}"
        digest = hashlib.sha256(secret.encode()).hexdigest()
        ticket = EntryTicket.objects.create(
            secret_sha256=digest, task=task, party=party, channel_code="APP", expires_at=later
        )
        CallToken.objects.create(
            secret_sha256=digest,
            ticket=ticket,
            task=task,
            party=party,
            channel_code="APP",
            attempt_id=uuid.uuid4(),
            request_id=request.pk,
            expires_at=later,
        )
        secrets.append(secret)
    return cookies, secrets


class Held:
    """One socket, its heartbeats and how long their answers took."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.delays: list[float] = []
        self.pending: dict[str, float] = {}
        self.frames = 0
        self.open = True

    async def listen(self) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            async for text in self.socket:
                self.frames += 1
                begun = self.pending.pop(str(json.loads(text).get("id", "")), None)
                if begun is not None:
                    self.delays.append(time.monotonic() - begun)
        except ConnectionClosed:
            pass  # counted below
        self.open = False

    async def beat(self, number: int, until: float, offset_s: float) -> None:
        await asyncio.sleep(offset_s)
        while time.monotonic() < until and self.open:
            name = f"h{number}"
            number += 1
            self.pending[name] = time.monotonic()
            await self.socket.send(json.dumps({"type": "heartbeat", "id": name}))
            await asyncio.sleep(HEARTBEAT_S)


async def hold(port: int, pid: int, cookies: list[str], secrets: list[str], hold_s: float) -> None:
    from websockets.asyncio.client import connect

    gate = asyncio.Semaphore(AT_ONCE)

    async def seat(cookie: str) -> Held:
        async with gate:
            headers = {"Cookie": cookie, "Origin": f"http://127.0.0.1:{port}"}
            socket = await connect(
                f"ws://127.0.0.1:{port}/ws/workbench/",
                additional_headers=headers,
                compression=None,
                open_timeout=60,
            )
            await asyncio.wait_for(socket.recv(), 60)  # the first snapshot
            return Held(socket)

    async def customer(secret: str) -> Held:
        async with gate:
            socket = await connect(
                f"ws://127.0.0.1:{port}/ws/sdk/v1/", compression=None, open_timeout=60
            )
            await socket.send(json.dumps({"type": "hello", "id": "hello", "token": secret}))
            while json.loads(await asyncio.wait_for(socket.recv(), 60)).get("id") != "hello":
                pass
            return Held(socket)

    # What the first socket loads is the process's, not a socket's.
    for first in (await seat(cookies[0]), await customer(secrets[0])):
        await first.socket.close()
    before_kb = rss_kb(pid)
    # Whoever is connected beats at once: silence ends a socket while the others still come.
    held: list[Held] = []
    begun = time.monotonic()
    until = begun + 10_000
    tasks: list[asyncio.Task[None]] = []

    async def come(joining: Any, number: int) -> None:
        one = await joining
        held.append(one)
        tasks.append(asyncio.create_task(one.listen()))
        tasks.append(asyncio.create_task(one.beat(0, until, (number % 100) / 10)))

    everybody = [seat(cookie) for cookie in cookies] + [customer(secret) for secret in secrets]
    await asyncio.gather(*(come(joining, number) for number, joining in enumerate(everybody)))
    joined_s = time.monotonic() - begun
    measured_from = {id(one): len(one.delays) for one in held}
    ends = time.monotonic() + hold_s
    while time.monotonic() < ends:
        await asyncio.to_thread(change_line)
        await asyncio.sleep(1)
    after_kb = rss_kb(pid)
    alive = [one for one in held if one.open]
    delays = [delay for one in held for delay in one.delays[measured_from[id(one)] :]]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.gather(*(one.socket.close() for one in held), return_exceptions=True)
    load = {"seats": len(cookies), "customers": len(secrets), "held_s": hold_s}
    figure("sockets_held", len(alive), "sockets", len(cookies) + len(secrets), load)
    figure("kb_per_socket", round((after_kb - before_kb) / max(1, len(held)), 1), "KB", 60, load)
    figure("heartbeat_p95_ms", round(1000 * p95(delays or [0.0])), "ms", 1000, load)
    figure("late_heartbeats", sum(d > HEARTBEAT_S for d in delays), "answers", 0, load)
    figure("joined_s", round(joined_s, 1), "s", None, load)


def change_line() -> None:
    from django.db import transaction

    from common.push import QUEUE_GROUP, push

    with transaction.atomic():
        push(QUEUE_GROUP, "queue.changed")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    short = parser.parse_args().short
    with scratch() as folder:
        cookies, secrets = people(*((40, 160) if short else (500, 2000)))
        with web_server(folder) as (port, pid):
            asyncio.run(hold(port, pid, cookies, secrets, 15 if short else 120))


if __name__ == "__main__":
    main()
