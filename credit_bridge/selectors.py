"""The case behind a task, through the port; and what waits to be delivered."""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.masking import mask_account
from common.paging import MOST_ROWS
from interviews.models import InterviewTask
from outbox.models import OVER, MessageState, OutboxMessage
from outbox.services import hurry
from parameters.selectors import value_of
from seats.models import Seat

from .embedded import EmbeddedBank
from .errors import SeatUnknown
from .http_bank import HttpBank, HttpRecogniser
from .models import Difference, LoanProposal, Reconciliation
from .ports import Bank, CaseDetails, LoanDetails, RecognitionPort
from .proposals import applied
from .recognition import PARAMETERS
from .wire import Wire

W = TypeVar("W", bound=Wire)

# The handlers that speak to the bank: what waited for it goes out as soon as it answers again.
HANDLERS = ("credit_bridge.handlers.tell_credit_system", "credit_bridge.handlers.tell_parties")


def _over_tls(kind: type[W], url: str, key_id: str, secret: str, **own: Any) -> W:
    """One partner, known to us and we to it by the bank's certificates."""
    return kind(
        url,
        key_id=key_id,
        secret=secret,
        ca_file=settings.CREDIT_CA_FILE,
        client_cert=settings.CREDIT_CLIENT_CERT,
        client_key=settings.CREDIT_CLIENT_KEY,
        **own,
    )


@lru_cache(maxsize=4)
def _http_bank(url: str, key_id: str, secret: str) -> HttpBank:
    return _over_tls(HttpBank, url, key_id, secret, on_return=lambda: hurry(HANDLERS))


def bank() -> Bank:
    """The bank's systems this installation speaks to (settings.CREDIT_BACKEND)."""
    if settings.CREDIT_BACKEND == "http":
        return _http_bank(settings.CREDIT_URL, settings.CREDIT_KEY_ID, settings.CREDIT_SECRET)
    return EmbeddedBank()


RECOGNITION_S = 4.0  # what is later than this is no hint any more


@lru_cache(maxsize=4)
def _http_recogniser(url: str, key_id: str, secret: str) -> HttpRecogniser:
    return _over_tls(HttpRecogniser, url, key_id, secret, answer_s=RECOGNITION_S, read_tries=1)


def recogniser() -> RecognitionPort:
    return _http_recogniser(
        settings.RECOGNITION_URL, settings.CREDIT_KEY_ID, settings.RECOGNITION_SECRET
    )


def recognition_kinds(*, channel_code: str, product_code: str) -> list[str]:
    """Kinds of recognition that are installed here and switched on (SDK-10)."""
    if not settings.RECOGNITION_URL:
        return []
    return [
        kind
        for kind, key in PARAMETERS.items()
        if value_of(key, channel_code=channel_code, product_code=product_code)
    ]


def _contract_of(task_id: UUID) -> str:
    return InterviewTask.objects.values_list("contract_no", flat=True).get(pk=task_id)


def case_details(task_id: UUID) -> CaseDetails:
    """Parties, loan and list of images (WB-13…15). Raises CaseUnknown, CreditUnavailable."""
    return bank().case_details(_contract_of(task_id))


def case_image(task_id: UUID, image_id: str) -> tuple[bytes, str]:
    picture = bank().image(_contract_of(task_id), image_id)
    return picture.content, picture.media_type


def reject_reasons() -> tuple[str, ...]:
    """客户经理调查意见: the reasons a case may be rejected for (QC-2)."""
    return bank().reject_reasons()


def bookable_seat(staff_no: str) -> Seat:
    """Raises SeatUnknown for a seat that is not there or not enabled."""
    seat = (
        Seat.objects.filter(user__staff_no=staff_no, enabled=True, rehearsal=False)
        .select_related("user")
        .first()
    )
    if seat is None:
        raise SeatUnknown
    return seat


def proposal_changes(task_id: UUID) -> dict[str, str]:
    """The latest loan proposal of the contract, over all its tasks (WB-14); empty when none."""
    row = LoanProposal.objects.filter(task__contract_no=_contract_of(task_id)).first()
    return row.fields if row else {}


def proposed_loan(task_id: UUID) -> LoanDetails:
    """The loan with the latest proposal put in. Raises CaseUnknown, CreditUnavailable."""
    return applied(case_details(task_id).loan, proposal_changes(task_id))


@dataclass(frozen=True, slots=True)
class ProposedField:
    """One field that was changed: its text, and whether the credit system has it."""

    text: str
    state: str  # synced | waiting | failed
    attempts: int
    at: dt.datetime  # when it was synced, else when it was proposed


def proposed_fields(task_id: UUID) -> dict[str, ProposedField]:
    """What was changed in interviews of the contract and how far each change has come (WB-14)."""
    rows = list(
        LoanProposal.objects.filter(task__contract_no=_contract_of(task_id)).order_by(
            "proposed_at", "pk"
        )
    )
    messages = {
        message.payload.get("proposal_id"): message
        for message in OutboxMessage.objects.filter(
            topic="loan.proposed", payload__proposal_id__in=[row.pk for row in rows]
        )
    }
    found: dict[str, ProposedField] = {}
    for row in rows:
        message = messages.get(row.pk)
        for name, text in row.fields.items():
            if name in found and found[name].text == text:
                continue  # said again with a later change
            found[name] = _field(row, message, text)
    return found


def _field(row: LoanProposal, message: OutboxMessage | None, text: str) -> ProposedField:
    if message is None or message.state == MessageState.DONE:
        done_at = message.done_at if message else None
        return ProposedField(text, "synced", 0, done_at or row.proposed_at)
    has_failed = message.state != MessageState.PENDING or bool(message.last_error)
    return ProposedField(
        text, "failed" if has_failed else "waiting", message.attempts, row.proposed_at
    )


def loan_lines(task_id: UUID) -> list[list[str]]:
    """[label, value] of the loan as a customer reads it; the account is masked (SDK-4).

    Raises CaseUnknown, CreditUnavailable.
    """
    return proposed_lines(task_id, case_details(task_id).loan)


def proposed_lines(task_id: UUID, loan: LoanDetails) -> list[list[str]]:
    """The same of a loan that was asked for already."""
    loan = applied(loan, proposal_changes(task_id))
    lines = [
        [_("产品名称"), loan.product_name],
        *confirm_lines(loan),
        [_("放款方式"), loan.disbursement],
        [_("还款账号开户行"), loan.repayment_bank],
        [_("还款账号"), mask_account(loan.repayment_account)],
        [_("统一还款日"), _("每月 {day} 日").format(day=loan.repayment_day)],
    ]
    if loan.first_repayment_on:
        lines.append([_("首次还款日"), f"{loan.first_repayment_on:%Y-%m-%d}"])
    return lines


def confirm_lines(loan: LoanDetails) -> list[list[str]]:
    """What a customer has to confirm: amount, term, rate."""
    return [
        [_("贷款金额"), _("{amount} 元").format(amount=f"{loan.amount:,.2f}")],
        [_("贷款期限"), _("{months} 个月").format(months=loan.term_months)],
        [_("执行年利率"), f"{loan.annual_rate.normalize():f}%"],
    ]


# What the operators' page may show.
SHOWN: dict[str, Q] = {
    "parked": Q(state=MessageState.PARKED),
    "waiting": Q(state=MessageState.PENDING, attempts__gt=0),
    "skipped": Q(state=MessageState.SKIPPED),
    "all": ~Q(state__in=OVER),
}


def messages_shown(shown: str) -> QuerySet[OutboxMessage]:
    """Messages by state, each with how many of its contract wait behind it; the oldest first."""
    behind = (
        OutboxMessage.objects.filter(
            handler=OuterRef("handler"), key=OuterRef("key"), pk__gt=OuterRef("pk")
        )
        .exclude(state__in=OVER)
        .order_by()
        .values("key")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return (
        OutboxMessage.objects.filter(SHOWN[shown]).annotate(behind=Subquery(behind)).order_by("pk")
    )


def message_counts() -> dict[str, int]:
    """Of each kind how many, no further than MOST_ROWS."""
    return {
        name: OutboxMessage.objects.filter(which)[:MOST_ROWS].count()
        for name, which in SHOWN.items()
    }


FIELD_LABELS = {
    "generation": gettext_lazy("任务代次"),
    "state": gettext_lazy("面谈状态"),
    "reasons": gettext_lazy("拒件原因"),
    "slot": gettext_lazy("预约时间"),
    "seat": gettext_lazy("坐席工号"),
    "slot_state": gettext_lazy("预约状态"),
}


def differences_of(run: Reconciliation) -> list[tuple[Difference, str]]:
    """What a run found, each with the name of what differs."""
    return [(row, str(FIELD_LABELS.get(row.field, row.field))) for row in run.differences.all()]
