"""What we need of the bank's systems, whoever stands behind them (CRD-3, IMG-1, MSG-1, PRG-1, MBK-1).

Four small ports and an optional one, two backends: `embedded` on our own tables and `http_bank` over the wire, where
`contract` says how. Every call may raise CreditUnavailable, which is worth another try, and
CaseUnknown. Everything that changes something may be said twice and is done once.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PartyDetails:
    """WB-13. Phone and ID number are clear here; whoever shows them masks by role."""

    name: str
    roles: tuple[str, ...]
    phone: str
    id_type: str
    id_no: str
    marital_status: str
    relation: str
    property_location: str
    role_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LoanDetails:
    """WB-14. Money in yuan, rate in percent a year, term in months."""

    product_name: str
    channel_name: str
    amount: Decimal
    term_months: int
    annual_rate: Decimal
    disbursement: str
    repayment_bank: str
    repayment_account: str
    repayment_day: int
    first_repayment_on: dt.date | None


@dataclass(frozen=True, slots=True)
class ImageRef:
    """WB-15. `id` is the image platform's; the bytes come through the credit system."""

    id: str
    kind: str
    title: str
    person: str


@dataclass(frozen=True, slots=True)
class Picture:
    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class NodeAt:
    """A node of the loan, done, now or next; `at` is when it was reached (CRD-1)."""

    node: str
    label: str
    state: str
    at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """One pass through 面谈 as the credit system knows it. Older generations stay (MM-2)."""

    generation: int
    state: str
    reasons: tuple[str, ...]
    slot_start: dt.datetime | None
    slot_end: dt.datetime | None
    staff_no: str
    slot_state: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ProposalFacts:
    """Loan fields changed in an interview: field -> text of the new value (WB-14)."""

    id: str
    generation: int
    changes: Mapping[str, str]
    proposed_by: str
    proposed_at: dt.datetime
    state: str


@dataclass(frozen=True, slots=True)
class CaseDetails:
    case_no: str
    manager_no: str
    manager_name: str
    parties: tuple[PartyDetails, ...]
    loan: LoanDetails
    images: tuple[ImageRef, ...]
    contract_no: str = ""
    product_code: str = ""
    channel_code: str = ""
    applied_on: dt.date | None = None
    property_province: str = ""
    property_city: str = ""
    property_county: str = ""
    property_address: str = ""
    in_province: bool = False
    node: str = ""
    nodes: tuple[NodeAt, ...] = ()
    tasks: tuple[TaskFacts, ...] = ()
    proposals: tuple[ProposalFacts, ...] = ()
    contract_submitted_at: dt.datetime | None = None
    customer_type: str = (
        ""  # ordinary, good, vip, whitelist; what we do not know is ordinary (DSP-1)
    )


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """A line of a list. `state` is the interview's, empty before there is a task."""

    contract_no: str
    product_name: str
    customer_name: str
    amount: Decimal
    in_province: bool
    property_address: str
    node: str
    node_label: str
    state: str
    reasons: tuple[str, ...]
    slot_start: dt.datetime | None
    slot_end: dt.datetime | None
    slot_state: str
    open_proposal: bool
    contract_submitted_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class StateMessage:
    """One state of a task for the credit system; `message_id` makes a repetition harmless.

    `sequence` grows with every message of a contract: the receiver ignores what comes late.
    """

    message_id: str
    contract_no: str
    generation: int
    state: str
    reasons: tuple[str, ...]
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class AppointmentMessage:
    """The task's time and seat: 个案-客户经理-坐席 and the timetable (CRD-3)."""

    message_id: str
    sequence: int
    contract_no: str
    generation: int
    staff_no: str
    slot_start: dt.datetime
    slot_end: dt.datetime
    state: str


@dataclass(frozen=True, slots=True)
class ProposalMessage:
    message_id: str
    sequence: int
    contract_no: str
    generation: int
    changes: Mapping[str, str]
    proposed_by: str


@dataclass(frozen=True, slots=True)
class Sms:
    """One message to one phone; `message_id` makes a repetition harmless."""

    message_id: str
    phone: str
    text: str
    contract_no: str = ""
    party_ref: str = ""


@dataclass(frozen=True, slots=True)
class SmsResult:
    """The last message to a party of a contract and what became of it."""

    party_ref: str
    state: str
    reason: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class KnownState:
    """What the credit system holds of a contract's newest task, to reconcile with."""

    contract_no: str
    generation: int
    state: str
    slot_start: dt.datetime | None = None
    staff_no: str = ""
    slot_state: str = ""
    reasons: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class RecognitionRequest:
    """One still of one party. Whom it should show is known on the bank's side by contract and phone."""

    request_id: str
    contract_no: str
    phone: str
    kinds: tuple[str, ...]
    picture: bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """What the recogniser thinks, of how sure (percent). Nothing else of the picture comes back."""

    kind: str
    code: str
    confidence: int


class CreditPort(Protocol):
    """信贷系统, and 影像平台 through it."""

    def case_details(self, contract_no: str) -> CaseDetails: ...

    def cases_of_manager(self, manager_no: str) -> tuple[CaseSummary, ...]: ...

    def cases_of_phone(self, phone: str) -> tuple[CaseSummary, ...]:
        """Loans whose primary borrower has this registered phone (APP-1)."""
        ...

    def image(self, contract_no: str, image_id: str) -> Picture: ...

    def reject_reasons(self) -> tuple[str, ...]: ...

    def send_state(self, message: StateMessage) -> None: ...

    def send_appointment(self, message: AppointmentMessage) -> None: ...

    def send_proposal(self, message: ProposalMessage) -> None: ...

    def decide_proposal(self, contract_no: str, proposal_id: str, accept: bool) -> None:
        """移动营销 has the last word on the loan (MM-1). Raises ProposalGone."""
        ...

    def submit_contract(self, contract_no: str) -> None:
        """提交合同信息, in-province only. Raises WrongStep."""
        ...

    def submit_signing(self, contract_no: str) -> None:
        """提交面签. Raises NotPassed unless the interview is PASSED, ProposalUndecided."""
        ...

    def reach_node(self, contract_no: str, node: str) -> None:
        """The next node after 面签. Raises WrongStep."""
        ...

    def known_states(self, contract_nos: Sequence[str]) -> tuple[KnownState, ...]: ...


class MessagePort(Protocol):
    """消息中心, through the credit system's channel (MSG-1)."""

    def send_sms(self, sms: Sms) -> None: ...

    def sms_results(self, contract_no: str) -> tuple[SmsResult, ...]: ...


class ProgressPort(Protocol):
    """计步器 (PRG-1): the eight nodes with state and time."""

    def progress(self, contract_no: str) -> tuple[NodeAt, ...]: ...


class BankAppsPort(Protocol):
    """原银在线's own knowledge of its customers (APP-4)."""

    def has_account(self, phone: str) -> bool: ...


class RecognitionPort(Protocol):
    """辅助识别 (SDK-10): an option, at an address and with a circuit breaker of its own."""

    def recognise(self, request: RecognitionRequest) -> tuple[Finding, ...]:
        """Liveness and face comparison, ID card against the book, expression. Hints, no decision.

        Neither side keeps a template or the picture beyond the answer.
        """
        ...


class Bank(CreditPort, MessagePort, ProgressPort, BankAppsPort, Protocol):
    """All of them: one backend answers for the whole bank."""
