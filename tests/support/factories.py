"""A seat, a task, a call: the smallest world a test of the interview needs."""

import datetime as dt
import itertools
from decimal import Decimal

from django.utils import timezone

from accounts.models import User
from common.actor import Actor, ActorKind
from credit_bridge.models import CreditCase, CreditImage, CreditParty
from interviews import services
from interviews.models import Call, InterviewTask, Party
from media_worker.protocol import Heartbeat
from seats.models import Seat

_numbers = itertools.count(1)
SEAT_ACTOR = Actor(ActorKind.USER, "1", "800001")
PARTY_ACTOR = Actor(ActorKind.PARTY, "party", "")


def make_seat(staff_no: str | None = None, **fields: object) -> Seat:
    number = staff_no or f"8{next(_numbers):05d}"
    user = User.objects.create_user(number, "test-password", name=f"坐席{number}")
    return Seat.objects.create(user=user, enabled=True, **fields)


def person(name: str, *roles: str) -> services.PartyDraft:
    number = next(_numbers)
    return services.PartyDraft(
        name=name,
        phone=f"139{number:08d}",
        id_no=f"4101051990{number:08d}",
        roles=roles or ("PRIMARY_BORROWER",),
    )


def make_task(*people: services.PartyDraft, contract_no: str | None = None) -> InterviewTask:
    return services.create_task(
        services.TaskDraft(
            contract_no=contract_no or f"YXD-{next(_numbers):06d}",
            product_code="YXD",
            product_name="永续贷",
            customer_name=people[0].name if people else "张晓明",
            parties=people or (person("张晓明"),),
        ),
        actor=SEAT_ACTOR,
    )


def consent(party: Party) -> None:
    services.record_consent(party.pk, text_version="2026-01", actor=PARTY_ACTOR)


def make_call(task: InterviewTask | None = None, seat: Seat | None = None) -> Call:
    """A running call of the task's first party; nobody is connected yet."""
    task = task or make_task()
    party = task.parties.order_by("name").first()
    assert party is not None
    consent(party)
    return services.open_call(
        task.pk, seat=seat or make_seat(), party_id=party.pk, actor=SEAT_ACTOR
    )


def make_ended_call(task: InterviewTask | None = None) -> Call:
    """Everybody of the task was interviewed; the seat has not filed its opinion yet."""
    call = make_call(task)
    services.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")
    call.task.parties.update(interviewed_at=timezone.now())
    return call


def make_case(contract_no: str) -> CreditCase:
    """The credit system's side of a contract: one borrower, one picture."""
    case = CreditCase.objects.create(
        contract_no=contract_no,
        case_no=f"AJ-{contract_no}"[:30],
        product_code="YXD",
        product_name="永续贷",
        manager_no="600318",
        manager_name="赵启航",
        applied_on=dt.date(2026, 3, 18),
        amount=Decimal("420000.00"),
        term_months=60,
        annual_rate=Decimal("4.35"),
        disbursement="自主支付",
        repayment_bank="示例银行",
        repayment_account="6200123412341087",
        repayment_day=20,
    )
    CreditParty.objects.create(
        case=case,
        role="PRIMARY_BORROWER",
        name="张晓明",
        phone="13800001234",
        id_no="410105198803121234",
    )
    CreditImage.objects.create(
        case=case, kind="id", title="身份证", person="张晓明", content=b"\xff\xd8picture"
    )
    return case


def heartbeat(worker_id: str, **fields: object) -> Heartbeat:
    """Of a media worker that is well and has nothing to do."""
    body: dict[str, object] = {
        "worker_id": worker_id,
        "control_url": f"http://127.0.0.1/{worker_id}",
        "started_at_unix_ms": 1_790_000_000_000,
        "capacity": 10,
        "calls": 0,
        "legs": 0,
        "loop_lag_p99_ms": 1.0,
        "draining": False,
        "disk_free_percent": 50.0,
    }
    return Heartbeat.model_validate(body | fields)
