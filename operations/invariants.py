"""What must hold in the database whatever died: read by operators and after every fault test.

Each check yields sentences that name ids, never people. I1 to I12 are numbered as in the list of
faults; W1 and W2 are the line's own. Those about files, logs and jobs are in `kept_invariants`.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db.models import Count, F, Q
from django.utils.translation import gettext_lazy as _

from appointments.models import Appointment
from appointments.states import APPOINTMENT_MACHINE, AppointmentMove, AppointmentState
from audit.chain import check_chain, every_chain
from audit.models import AuditEntry
from common.errors import IllegalMove
from interviews.models import Call, InterviewTask, Participant
from interviews.states import (
    CALL_MACHINE,
    RUNNING,
    CallMove,
    CallState,
    ParticipantRole,
    TaskState,
    Verdict,
)
from outbox import registry
from outbox.models import MessageState, OutboxMessage
from queueing.models import CallRequest, Offer
from queueing.states import IN_LINE, OfferState, RequestState
from recordings.models import EarlyPart, StoredObject
from seats.models import SeatPresence
from seats.states import Presence

from . import kept_invariants as kept

Found = Iterator[str]
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Result:
    """`broken` names the first MOST_SHOWN; `count` is how many there were."""

    key: str
    about: str
    count: int
    broken: tuple[str, ...]


def seat_and_call_belong_together() -> Found:
    """I1: a call has one seat, a seat one running call, and presence says the same."""
    for field in ("seat", "task"):
        twice = Call.objects.filter(state__in=RUNNING).values(field).annotate(n=Count("pk"))
        for row in twice.filter(n__gt=1):
            yield f"{field} {row[field]}: {row['n']} running calls"
    places = Participant.objects.filter(role=ParticipantRole.SEAT, call__state__in=RUNNING)
    for row in places.values("call").annotate(n=Count("pk")).filter(n__gt=1):
        yield f"call {row['call']}: {row['n']} seats"
    talking = set(Call.objects.filter(state__in=RUNNING).values_list("seat_id", flat=True))
    for seat_id, state in SeatPresence.objects.values_list("seat_id", "state"):
        if (state == Presence.IN_CALL) != (seat_id in talking):
            yield f"seat {seat_id}: presence {state}, running call {seat_id in talking}"


def offers_ring_where_they_say() -> Found:
    """W1: one live offer per seat and per request; both sides say so."""
    live = Offer.objects.filter(state=OfferState.RINGING)
    for field in ("seat", "request"):
        for row in live.values(field).annotate(n=Count("pk")).filter(n__gt=1):
            yield f"{field} {row[field]}: {row['n']} live offers"
    ringing = set(live.values_list("seat_id", flat=True))
    offered = set(
        SeatPresence.objects.filter(state=Presence.OFFERED).values_list("seat_id", flat=True)
    )
    for seat_id in sorted(ringing ^ offered):
        yield f"seat {seat_id}: rings {seat_id in ringing}, presence says {seat_id in offered}"
    asked = set(live.values_list("request_id", flat=True))
    waits = set(CallRequest.objects.filter(state=RequestState.OFFERED).values_list("pk", flat=True))
    for request_id in sorted(asked ^ waits):
        yield f"request {request_id}: rings {request_id in asked}, says {request_id in waits}"


def requests_end_as_they_say() -> Found:
    """W2: in the line without an end, connected with a call, closed once with a time."""
    for pk in CallRequest.objects.filter(state=RequestState.CONNECTED, call=None).values_list(
        "pk", flat=True
    ):
        yield f"request {pk}: connected without a call"
    wrong = CallRequest.objects.filter(
        Q(state__in=IN_LINE, closed_at__isnull=False)
        | (~Q(state__in=IN_LINE) & Q(closed_at__isnull=True))
    )
    for pk, state in wrong.values_list("pk", "state"):
        yield f"request {pk}: {state} with the wrong end"
    early = CallRequest.objects.filter(closed_at__lt=F("arrived_at"))
    for pk in early.values_list("pk", flat=True):
        yield f"request {pk}: ended before it came"
    accepted = Offer.objects.filter(state=OfferState.ACCEPTED).values("request")
    for row in accepted.annotate(n=Count("pk")).filter(n__gt=1):
        yield f"request {row['request']}: {row['n']} offers accepted"


def _moves(kind: str, moves: type[CallMove] | type[AppointmentMove]) -> dict[str, list[str]]:
    """What the audit log tells of each object of a kind, in order."""
    actions = [f"{kind}.{move.value}" for move in moves]
    told: dict[str, list[str]] = {}
    rows = AuditEntry.objects.filter(object_type=kind, action__in=actions).order_by("pk")
    for object_id, action in rows.values_list("object_id", "action"):
        told.setdefault(object_id, []).append(action.removeprefix(f"{kind}."))
    return told


def states_follow_their_audited_moves() -> Found:
    """I2: from the first state along the table, one entry a move, to the state of the row."""
    told = _moves("call", CallMove)
    for pk, actual in Call.objects.values_list("pk", "state"):
        state = CallState.CONNECTING
        try:
            for move in told.get(str(pk), []):
                state = CALL_MACHINE.after(state, CallMove(move))
        except IllegalMove:
            yield f"call {pk}: {move} from {state}"
            continue
        if state != actual:
            yield f"call {pk}: audited {state}, is {actual}"
    told = _moves("appointment", AppointmentMove)
    for number, actual in Appointment.objects.values_list("pk", "state"):
        booked = AppointmentState.BOOKED
        try:
            for move in told.get(str(number), []):
                booked = APPOINTMENT_MACHINE.after(booked, AppointmentMove(move))
        except IllegalMove:
            yield f"appointment {number}: {move} from {booked}"
            continue
        if booked != actual:
            yield f"appointment {number}: audited {booked}, is {actual}"
    settled = Counter(
        AuditEntry.objects.filter(action="task.settled").values_list("object_id", flat=True)
    )
    for pk, actual in InterviewTask.objects.values_list("pk", "state"):
        if settled[str(pk)] != (actual != TaskState.PENDING):
            yield f"task {pk}: {actual}, settled {settled[str(pk)]} times in the log"


def commits_have_their_messages() -> Found:
    """I6: one message per handler of each change that others hear of; none twice."""
    topics: list[tuple[str, str, list[str]]] = [
        (
            "call.ended",
            "call_id",
            _ids(Call.objects.filter(state__in=[CallState.ENDED, CallState.FILED])),
        ),
        ("verdict.filed", "call_id", _ids(Call.objects.filter(state=CallState.FILED))),
        ("task.created", "task_id", _ids(InterviewTask.objects.all())),
        (
            "task.state_changed",
            "task_id",
            _ids(InterviewTask.objects.exclude(state=TaskState.PENDING)),
        ),
    ]
    for topic, name, ids in topics:
        handlers = registry.names_for(topic)
        if not handlers:
            continue
        sent = Counter(
            OutboxMessage.objects.filter(topic=topic).values_list(f"payload__{name}", "handler")
        )
        for object_id in ids:
            for handler in handlers:
                if (count := sent[object_id, handler]) != 1:
                    yield f"{topic} {object_id}: {count} messages for {handler}"
    out_of_order = OutboxMessage.objects.filter(
        state=MessageState.DONE, done_at__lt=F("created_at")
    )
    for pk in out_of_order.values_list("pk", flat=True):
        yield f"message {pk}: done before it was written"


def _ids(rows: object) -> list[str]:
    return [str(pk) for pk in rows.values_list("pk", flat=True)]  # type: ignore[attr-defined]


def interviews_are_told_once() -> Found:
    """I7: one verdict a call, one passing verdict a task, one object per place in the store."""
    filed = Call.objects.filter(state=CallState.FILED)
    for pk in filed.filter(Q(verdict="") | Q(filed_at=None)).values_list("pk", flat=True):
        yield f"call {pk}: filed without a verdict"
    passed = filed.filter(verdict=Verdict.PASS).values("task").annotate(n=Count("pk"))
    for row in passed.filter(n__gt=1):
        yield f"task {row['task']}: {row['n']} passing verdicts"
    stored = StoredObject.objects.values("key").annotate(n=Count("pk"))
    for twice in stored.filter(n__gt=1):
        yield f"object {twice['key']}: {twice['n']} rows"
    early = EarlyPart.objects.filter(key__in=StoredObject.objects.values("key"))
    for key in early.values_list("key", flat=True):
        yield f"object {key}: still on its way as an early part"


def audit_chains_verify() -> Found:
    """I8: every entry follows from the one before, and the heads match."""
    for chain in every_chain():
        found = check_chain(chain)
        if not found.holds:
            yield f"chain {chain}: broken at {found.broken_seq}"


CHECKS: dict[str, tuple[object, Callable[[], Found]]] = {
    "I1": (_("坐席与通话一一对应"), seat_and_call_belong_together),
    "I2": (_("状态与操作日志逐步相符"), states_follow_their_audited_moves),
    "I3": (_("已关闭的分段都在盘上或存储中"), kept.closed_parts_are_kept),
    "I4": (_("入库的录像清单与分段齐全"), kept.finished_recordings_are_whole),
    "I5": (_("录像中断都已记入时间轴"), kept.holes_are_declared),
    "I6": (_("每次变更的消息恰有一份"), commits_have_their_messages),
    "I7": (_("结论与存储对象唯一"), interviews_are_told_once),
    "I8": (_("操作日志链完整"), audit_chains_verify),
    "I9": (_("没有无主的文件与记录"), kept.nothing_is_orphaned),
    "I10": (_("日志中没有个人信息"), kept.logs_name_nobody),
    "I11": (_("没有对外的内部错误"), kept.nobody_was_shown_a_fault),
    "I12": (_("没有逾期未完成的任务"), kept.nothing_is_overdue),
    "W1": (_("振铃与坐席、客户状态相符"), offers_ring_where_they_say),
    "W2": (_("排队请求有始有终"), requests_end_as_they_say),
}


def check(keys: list[str] | None = None) -> list[Result]:
    """Run the checks (all of them by default). Reads only; costs what reading the tables costs."""
    results = []
    for key in keys or list(CHECKS):
        about, look = CHECKS[key]
        broken = list(look())
        results.append(Result(key, str(about), len(broken), tuple(broken[:MOST_SHOWN])))
    return results


def as_json(results: list[Result]) -> str:
    found = {
        "ok": not any(result.count for result in results),
        "invariants": [
            {"key": r.key, "about": r.about, "broken": r.count, "first": list(r.broken)}
            for r in results
        ],
    }
    return json.dumps(found, ensure_ascii=False)
