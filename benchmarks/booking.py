"""W3: many clients race for the same slots of a real PostgreSQL.

Threads book as the services are called by the API: each wants one of the few first slots and, when
refused, takes what the refusal offers. Counted: slots with two bookings (0), and losers who were
offered nothing though there were free slots (0).
"""

import argparse
import datetime as dt
import json
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._scratch import scratch  # after the path


def figure(name: str, value: float, unit: str, target: float | None, load: object) -> None:
    line = {"figure": "W3", "name": name, "value": value, "unit": unit, "target": target}
    print(json.dumps({**line, "load": load}), flush=True)


def run(clients: int, seats: int) -> None:
    from django.db import connection
    from django.db.models import Count
    from django.utils import timezone

    from appointments import services
    from appointments.errors import SlotTaken
    from appointments.models import Appointment
    from appointments.selectors import free_slots
    from seats.models import WorkTime
    from tests.support.factories import SEAT_ACTOR, make_seat, make_task

    made = [make_seat() for _ in range(seats)]
    for seat in made:
        for weekday in range(7):
            WorkTime.objects.create(seat=seat, weekday=weekday, start=dt.time(8), end=dt.time(20))
    tasks = [make_task() for _ in range(clients)]
    day = timezone.localdate() + dt.timedelta(days=1)
    wanted = free_slots(first_day=day, last_day=day)[: seats * 2]  # everybody wants the first two
    start = threading.Barrier(clients)
    waits: list[float] = []
    losers: list[bool] = []  # whether a loser was offered something

    def client(number: int) -> None:
        slot = wanted[number % len(wanted)]
        start.wait()
        begun = time.monotonic()
        try:
            services.book(
                tasks[number].pk, seat_id=slot.seat_id, start=slot.start, actor=SEAT_ACTOR
            )
        except SlotTaken as refusal:
            losers.append(bool(refusal.facts["next"]))
        finally:
            waits.append(time.monotonic() - begun)
            connection.close()

    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    doubled = (
        Appointment.objects.values("seat", "slot").annotate(n=Count("pk")).filter(n__gt=1).count()
    )
    booked = Appointment.objects.count()
    load = {"clients": clients, "slots": len(wanted)}
    figure("double_bookings", doubled, "slots", 0, load)
    figure("booked", booked, "slots", len(wanted), load)
    figure("losers_without_next", losers.count(False), "clients", 0, load)
    figure("answered", booked + len(losers), "clients", clients, load)
    figure("slowest_s", round(max(waits), 2), "s", None, load)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    short = parser.parse_args().short
    with scratch():
        run(clients=60 if short else 200, seats=5)


if __name__ == "__main__":
    main()
