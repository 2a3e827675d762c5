"""How long the back office's lists take while the tables behind them grow.

Fills a scratch installation with rows of every table that grows with the interviews (one real row each,
multiplied in SQL), then opens every list the administrator may open, what people search in them, and
every filter and order that a list offers by a link, through Django's test client: the whole answer of
the server on real PostgreSQL, without a network or browser.

Prints JSON lines: one per page with p95_ms, then page_p95_ms (of all answers) and worst_page.
"""

import argparse
import datetime as dt
import json
import math
import re
import sys
import time
from html import unescape
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks._scratch import p95, scratch

# What differs from row to row, in SQL over n; everything else is as in the first row.
ID = "md5('{} ' || n)::uuid"
AT = "now() - interval '1095 days' * n / ALL_ROWS"  # three years, newest first
TASK, PARTY, CALL, RECORDING, REQUEST = (
    ID.format(name) for name in ("task", "party", "call", "recording", "request")
)
# Doubts and samples: one call of so many is reviewed, which is more than banks do.
TENTH = 10
REVIEWED = CALL.replace("|| n)", f"|| {TENTH} * n)")
FEWER = {"qc_qcreview": TENTH, "qc_secondopinion": TENTH}
CONTRACT = "'YXD-' || lpad(n::text, 9, '0')"
STATE = "CASE WHEN n % 100 = 0 THEN '{1}' ELSE '{0}' END"
NAME = "substr('王李张刘陈杨黄赵吴周', 1 + n % 10, 1) || substr('伟芳娜敏静丽强磊军洋', 1 + n / 7 % 10, 1)"
ROWS: dict[str, dict[str, str]] = {
    "interviews_interviewtask": {
        "id": TASK,
        "contract_no": CONTRACT,
        "customer_name": NAME,
        "manager_no": "(600000 + n % 3000)::text",
        "seat_staff_no": "(900000 + n % 400)::text",
        "state": STATE.format("PASSED", "REJECTED"),
        "created_at": AT,
    },
    "interviews_party": {
        "id": PARTY,
        "task_id": TASK,
        "name": NAME,
        "phone_index": "md5(n::text)",
        "id_index": "md5('id' || n)",
    },
    "interviews_consent": {"party_id": PARTY, "agreed_at": AT},
    "interviews_call": {
        "id": CALL,
        "task_id": TASK,
        "state": "'FILED'",
        "verdict": STATE.format("PASS", "DOUBT"),
        "clock_started_at": AT,
        "ended_at": AT,
    },
    "interviews_participant": {
        "id": ID.format("participant"),
        "call_id": CALL,
        "party_id": PARTY,
        "role": "'customer'",
        "state": "'LEFT'",
        "joined_at": AT,
    },
    "qc_qcreview": {
        "call_id": REVIEWED,
        "state": STATE.format("PASSED", "REJECTED"),
        "opened_at": AT,
        "claimed_at": AT,
        "decided_at": AT,
    },
    "qc_secondopinion": {"review_id": "1000 + n", "asked_at": AT, "decided_at": AT},
    "interviews_leg": {"id": ID.format("leg"), "participant_id": ID.format("participant")},
    "interviews_qualitysummary": {"participant_id": ID.format("participant")},
    "interviews_timelineevent": {
        "id": ID.format("event"),
        "call_id": CALL,
        "kind": "(ARRAY['gap', 'tag', 'snapshot', 'script_step'])[1 + n % 4]",
        "at_ms": "1000 * (n % 1000)",
    },
    "recordings_recording": {
        "id": RECORDING,
        "call_id": CALL,
        "stage": STATE.format("STORED", "EMPTY"),
        "day": f"({AT})::date",
        "serial": "n",
        "download_name": f"{CONTRACT} || '.mp4'",
        "created_at": AT,
    },
    "recordings_recordingtrack": {"recording_id": RECORDING, "file": "n || '.webm'"},
    "recordings_storedobject": {
        "recording_id": RECORDING,
        "name": "n || '.mp4'",
        "key": "'k' || n",
        "confirmed_at": AT,
    },
    "recordings_archiveentry": {
        "recording_id": RECORDING,
        "started_at": AT,
        "customer_name": NAME,
        "contract_no": CONTRACT,
        "manager_no": "(600000 + n % 3000)::text",
        "seat_no": "(900000 + n % 400)::text",
    },
    "audit_auditentry": {
        "chain": f"'interview:' || {TASK}",
        "at": AT,
        "actor_id": "(n % 500)::text",
        "action": STATE.format("call.opened", "role.changed"),
        "object_type": "'call'",
        "object_id": CALL,
    },
    "channels_admin_admissionattempt": {
        "id": ID.format("attempt"),
        "reason": STATE.format("OK", "CHANNEL_DISABLED"),
        "created_at": AT,
    },
    "outbox_outboxmessage": {
        "key": CONTRACT,
        "state": STATE.format("done", "skipped"),
        "created_at": AT,
        "due_at": AT,
    },
    "queueing_callrequest": {
        "id": REQUEST,
        "task_id": TASK,
        "party_id": PARTY,
        "state": STATE.format("CONNECTED", "ABANDONED"),
        "arrived_at": AT,
        "closed_at": AT,
    },
    "queueing_offer": {
        "id": ID.format("offer"),
        "request_id": REQUEST,
        "state": STATE.format("ACCEPTED", "MISSED"),
        "offered_at": AT,
        "closed_at": AT,
    },
    "appointments_appointment": {
        "task_id": TASK,
        "state": STATE.format("KEPT", "CANCELLED"),
        "slot": f"tstzrange({AT}, {AT} + interval '40 minutes')",
        "created_at": AT,
    },
    "appointments_devicecheck": {"task_id": TASK, "party_id": PARTY, "created_at": AT},
    "seats_presencehistory": {"since": AT, "until": AT, "state": STATE.format("READY", "PAUSED")},
    "credit_bridge_creditcase": {
        "contract_no": CONTRACT,
        "case_no": "'AJ' || n",
        "manager_no": "(600000 + n % 3000)::text",
    },
    "credit_bridge_creditimage": {"case_id": "(SELECT min(id) FROM credit_bridge_creditcase)"},
    "credit_bridge_smsmessage": {"message_id": "'m' || n", "sent_at": AT},
}
PAGES = (
    "/",
    "/recordings/",
    "/recordings/?customer=王伟",
    "/recordings/?contract_no=YXD-000000777",
    "/recordings/troubles/",
    "/qc/results/",
    "/qc/samples/",
    "/qc/?shown=decided",
    "/qc/report/",
    "/qc/agreement/",
    "/seats/",
    "/wallboard/",
    "/wallboard/line/",
    "/wallboard/staffing/",
    "/seats/hours",
    "/dispatch/",
    "/analytics/",
    "/analytics/?first={ago_90}&last={today}&by=seat",
    "/analytics/?first={ago_365}&last={today}&by=month",
    "/analytics/?first={ago_30}&last={today}&by=channel&channel=APP",
    "/qc/",
    "/bridge/",
    "/bridge/reconciliation",
    "/admin/",
    "/admin/channels_admin/admissionattempt/report/",
    "/admin/accounts/role/who/?operation=videos.view",
)
# Lists of the back office with what people ask of them; each is opened without a question, too.
ASKED: dict[str, tuple[str, ...]] = {
    "accounts/user": ("q=9000", "state=on"),
    "interviews/interviewtask": (
        "state__exact=REJECTED",
        "q=YXD-000000777",
        "q=600123",
        "q=no-such",
        "p=50",
    ),
    "interviews/call": ("state__exact=FILED", "verdict__exact=DOUBT", "q=YXD-000000777"),
    "interviews/participant": ("state__exact=LEFT", "role__exact=customer"),
    "interviews/party": ("q=YXD-000000777", "q=no-such"),
    "recordings/recording": ("stage__exact=EMPTY", "q=YXD-000000777"),
    "recordings/deletioncertificate": ("q=YXD-000000777",),
    "audit/auditentry": (
        "person=900007",
        "contract_no=YXD-000000777",
        "action=role.changed",
        "action=user.locked",
        "object_type=call",
        "object_type=user",
        "since=2026-01-01&until=2026-01-02",
    ),
    "channels_admin/admissionattempt": ("reason=CHANNEL_DISABLED", "q=bench", "q=no-such"),
    "outbox/outboxmessage": ("state__exact=parked", "state__exact=done"),
    "queueing/callrequest": ("state__exact=ABANDONED",),
    "queueing/offer": ("state__exact=MISSED",),
    "appointments/appointment": ("state__exact=KEPT", "q=YXD-000000777"),
    "appointments/devicecheck": ("network__exact=good", "q=YXD-000000777"),
    "seats/presencehistory": ("state__exact=PAUSED",),
    "credit_bridge/creditcase": ("q=YXD-000000777", "q=600123"),
}


def first_rows() -> None:
    """One row of each table, as the models make it."""
    from django.utils import timezone

    from appointments.models import Appointment, DeviceCheck
    from audit import services as audit
    from audit.models import AuditEntry
    from channels_admin.models import AdmissionAttempt
    from common.actor import SYSTEM
    from credit_bridge.models import SmsMessage
    from interviews.models import Leg, Participant, QualitySummary
    from outbox.models import OutboxMessage
    from qc.models import QcReview, ScoreForm, SecondOpinion
    from queueing.models import CallRequest, Offer
    from recordings.models import ArchiveEntry, Recording, RecordingTrack, StoredObject
    from seats.models import PresenceHistory
    from tests.support.factories import make_call, make_case

    now = timezone.now()
    call = make_call()
    party = call.task.parties.get()
    Participant.objects.get_or_create(call=call, party=party, defaults={"role": "customer"})
    place = call.participants.get(role="customer")
    Leg.objects.get_or_create(participant=place, number=1, defaults={"media_epoch": 1})
    QualitySummary.objects.create(
        participant=place, samples=200, loss_up_sum=200.0, rtt_samples=200, rtt_ms_sum=9000.0
    )
    call.events.create(kind="gap", at_ms=1000, until_ms=2000)
    form = ScoreForm.objects.create(title="first", is_current=True)
    items = [form.items.create(text=f"item {n}").pk for n in range(10)]
    review = QcReview.objects.create(
        call=call, state="REJECTED", reasons=["first", "second"], score_form=form,
        met_items=items[1:], points=90, reviewer=call.seat.user, claimed_at=now, decided_at=now,
    )  # fmt: skip
    SecondOpinion.objects.create(
        review=review, reviewer=call.seat.user, percent=5, seed="first", asked_by="first",
        move="pass", met_items=items[:9], points=90, decided_at=now,
    )  # fmt: skip
    recording, _made = Recording.objects.get_or_create(
        call=call, defaults={"day": now.date(), "serial": 0, "download_name": "first.mp4"}
    )
    RecordingTrack.objects.create(
        recording=recording, participant_id="p", leg_no=1, kind="video", file="first.webm",
        codec="VP8", start_ms=0, end_ms=1000, bytes=1, sha256="0" * 64,
    )  # fmt: skip
    StoredObject.objects.create(
        recording=recording, kind="composed", name="first.mp4", key="first", bytes=1,
        sha256="0" * 64,
    )  # fmt: skip
    ArchiveEntry.objects.create(
        recording=recording, started_at=now, customer_name="王伟", name_plain="王伟",
        name_grams=["王", "伟", "王伟"], contract_no="first", seat_no="800000",
    )  # fmt: skip
    AdmissionAttempt.objects.create(
        channel_code="BENCH", phone="13900000000", admitted=True, reason="OK"
    )
    request = CallRequest.objects.create(task=call.task, party=party)
    Offer.objects.create(request=request, seat=call.seat, deadline_at=now)
    Appointment.objects.create(
        task=call.task, seat=call.seat, slot=(now, now + dt.timedelta(minutes=40))
    )
    DeviceCheck.objects.create(
        task=call.task, party=party, camera=True, microphone=True, speaker=True, network="good"
    )
    PresenceHistory.objects.create(seat=call.seat, state="READY", since=now, until=now)
    make_case("first")
    SmsMessage.objects.create(message_id="first", phone="13900000000", text="-")
    if not OutboxMessage.objects.exists():
        OutboxMessage.objects.create(topic="bench", handler="bench", key="first")
    if not AuditEntry.objects.exists():
        audit.record("call.opened", actor=SYSTEM, object_type="call", object_id=call.pk)


def fill(count: int) -> None:
    """`count` rows more of each table, of some FEWER, without triggers: nothing here is evidence."""
    from django.db import connection, transaction

    for table, varied in ROWS.items():
        rows = count // FEWER.get(table, 1)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(
                "SELECT column_name, is_identity = 'YES' FROM information_schema.columns"
                " WHERE table_name = %s ORDER BY ordinal_position",
                [table],
            )
            columns = {
                name: varied.get(name, "1000 + n" if is_counted else f"one.{name}").replace(
                    "ALL_ROWS", str(rows)
                )
                for name, is_counted in cursor.fetchall()
            }
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) OVERRIDING SYSTEM VALUE"  # noqa: S608  # our own words
                f" SELECT {', '.join(columns.values())} FROM (SELECT * FROM {table} LIMIT 1) AS one,"
                f" generate_series(1, {rows}) AS n"
            )
    from analytics.services import count_lines_again

    with connection.cursor() as cursor:
        # The triggers were off: what they would have marked.
        for kind, table in (("call", "interviews_call"), ("request", "queueing_callrequest")):
            cursor.execute(
                f"INSERT INTO analytics_touched_{kind}s ({kind}_id) SELECT id FROM {table}"  # noqa: S608
            )
        cursor.execute("VACUUM ANALYZE")
    count_lines_again(math.inf)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def administrator() -> Any:
    from django.test import Client

    from accounts.models import Role, User
    from accounts.operations import ALL_OPERATIONS

    role = Role.objects.create(
        code="all", name="all", operations=sorted(ALL_OPERATIONS), scope="all"
    )
    for number in range(400):
        User.objects.create(staff_no=f"{900_000 + number}", name=f"坐席{number}")
    user = User.objects.create_user("A1", "bench-password", name="管理员", is_staff=True)
    user.roles.add(role)
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def pages() -> list[str]:
    """The own pages, and every list that is registered with the back office."""
    from django.contrib import admin
    from django.utils import timezone

    lists = [
        f"{model._meta.app_label}/{model._meta.model_name}"
        for model in admin.site._registry
        if model._meta.app_label != "axes"  # opened by nobody
    ]
    today = timezone.localdate()
    dates = {"today": today, **{f"ago_{n}": today - dt.timedelta(days=n) for n in (30, 90, 365)}}
    found = [*(page.format(**dates) for page in PAGES), f"/recordings/{_some_call()}/"]
    for name in sorted(lists):
        found += [f"/admin/{name}/", *(f"/admin/{name}/?{asked}" for asked in ASKED.get(name, ()))]
    return found


def _some_call() -> Any:
    from recordings.models import Recording

    return Recording.objects.values_list("call", flat=True).order_by("-serial")[0]


def offered(path: str, body: str) -> list[str]:
    """The filters, orders and pages a list links to on itself."""
    asked = {unescape(each) for each in re.findall(r'href="(\?[^"#]+)"', body)}
    return [path.partition("?")[0] + each for each in sorted(asked)]


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=10)
    arguments.add_argument("--short", action="store_true", help="0.1 million rows, 3 rounds")
    asked = arguments.parse_args()
    rows, rounds = (100_000, 3) if asked.short else (asked.rows, asked.rounds)
    with scratch():
        first_rows()
        client = administrator()
        began = time.perf_counter()
        fill(rows)
        filled_s = round(time.perf_counter() - began)
        everything: list[float] = []
        worst, worst_ms = "", 0.0
        refused: list[str] = []
        opened = dict.fromkeys(pages())
        waiting = list(opened)
        for page in waiting:
            first = client.get(page)  # templates compiled, catalogue read
            if "?" not in page:
                found = [each for each in offered(page, first.text) if each not in opened]
                opened |= dict.fromkeys(found)
                waiting += found
            took = []
            for _round in range(rounds):
                at = time.perf_counter()
                answer = client.get(page)
                took.append((time.perf_counter() - at) * 1000)
            if answer.status_code != 200:
                refused.append(f"{page}: {answer.status_code}")
                continue
            everything += took
            slow = p95(took)
            if slow > worst_ms:
                worst, worst_ms = page, slow
            print(
                json.dumps(
                    {"benchmark": "page", "page": page, "p95_ms": round(slow, 1)},
                    ensure_ascii=False,
                ),
                flush=True,
            )
        print(
            json.dumps(
                {
                    "benchmark": "pages",
                    "rows": rows,
                    "pages": len(opened),
                    "page_p95_ms": round(p95(everything), 1),
                    "worst_page": worst,
                    "worst_page_ms": round(worst_ms, 1),
                    "target_ms": 200,
                    "filled_s": filled_s,
                },
                ensure_ascii=False,
            )
        )
    if refused:
        print("\n".join(refused), file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
