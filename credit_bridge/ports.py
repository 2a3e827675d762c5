"""What we need of the bank's credit system, whoever stands behind it (CRD-3, IMG-1)."""

import datetime as dt
from dataclasses import dataclass
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
class CaseDetails:
    case_no: str
    manager_no: str
    manager_name: str
    parties: tuple[PartyDetails, ...]
    loan: LoanDetails
    images: tuple[ImageRef, ...]


@dataclass(frozen=True, slots=True)
class StateMessage:
    """One state of a task for the credit system; `message_id` makes a repetition harmless."""

    message_id: str
    contract_no: str
    generation: int
    state: str
    reasons: tuple[str, ...]


class CreditPort(Protocol):
    """The credit system. Every call may raise CreditUnavailable, which is worth another try."""

    def case_details(self, contract_no: str) -> CaseDetails: ...

    def image(self, contract_no: str, image_id: str) -> tuple[bytes, str]:
        """The picture and its media type."""
        ...

    def send_state(self, message: StateMessage) -> None: ...

    def reject_reasons(self) -> tuple[str, ...]: ...
