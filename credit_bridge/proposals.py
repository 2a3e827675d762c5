"""The loan's fields an interview may change (WB-14): labels, exact values, differences. Pure."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .errors import ProposalWrong
from .ports import LoanDetails


def _text(most: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not text.strip() or len(text) > most:
            raise ValueError
        return text.strip()

    return parse


def _decimal(digits: int, places: int) -> Callable[[str], Decimal]:
    def parse(text: str) -> Decimal:
        value = Decimal(text.replace(",", "").strip())
        sign, found, exponent = value.as_tuple()
        if not isinstance(exponent, int) or sign or value == 0 or -exponent > places:
            raise ValueError
        if len(found) + max(exponent, 0) > digits:
            raise ValueError
        return value

    return parse


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise ValueError
        return value

    return parse


@dataclass(frozen=True, slots=True)
class Field:
    label: str | Promise
    parse: Callable[[str], Any]


FIELDS: Mapping[str, Field] = {
    "amount": Field(_("借款金额"), _decimal(14, 2)),
    "term_months": Field(_("期限"), _whole(1, 600)),
    "annual_rate": Field(_("年利率"), _decimal(6, 4)),
    "disbursement": Field(_("放款方式"), _text(40)),
    "repayment_bank": Field(_("还款账号开户行"), _text(80)),
    "repayment_account": Field(_("还款账号"), _text(40)),
    "repayment_day": Field(_("统一还款日"), _whole(1, 31)),
    "first_repayment_on": Field(_("首次还款日"), dt.date.fromisoformat),
    "product_name": Field(_("产品名称"), _text(80)),
}


def parsed(changes: Mapping[str, str]) -> dict[str, Any]:
    """The changes as exact values (NFR-4). Raises ProposalWrong naming the field."""
    values: dict[str, Any] = {}
    for name, text in changes.items():
        field = FIELDS.get(name)
        if field is None:
            raise ProposalWrong(label=name[:40])
        try:
            values[name] = field.parse(str(text))
        except (ValueError, InvalidOperation) as wrong:
            raise ProposalWrong(label=str(field.label)) from wrong
    return values


def applied(loan: LoanDetails, changes: Mapping[str, str]) -> LoanDetails:
    """The loan as it was proposed: what is read out, shown and confirmed (WB-14)."""
    return replace(loan, **parsed(changes))


def differences(loan: LoanDetails, changes: Mapping[str, str]) -> dict[str, str]:
    """Those of the changes that change something, as canonical text."""
    return {
        name: str(value) for name, value in parsed(changes).items() if value != getattr(loan, name)
    }
