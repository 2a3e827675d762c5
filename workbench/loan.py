"""贷款信息: the credit system's values, what was changed in the interview, and how far that has come."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from common.masking import mask_account
from credit_bridge.ports import LoanDetails
from credit_bridge.proposals import FIELDS, parsed
from credit_bridge.selectors import ProposedField
from scripts_mgmt.models import Script

# In the order of the document's table; the control each is edited with.
CONTROLS = {
    "product_name": "select",
    "amount": "decimal",
    "term_months": "whole",
    "annual_rate": "decimal",
    "disbursement": "select",
    "repayment_bank": "text",
    "repayment_account": "account",
    "repayment_day": "whole",
    "first_repayment_on": "date",
}
UNITS = {"amount": _("元"), "term_months": _("月"), "annual_rate": "%", "repayment_day": _("日")}
DISBURSEMENTS = ("自主支付", "受托支付")  # data


def sheet(loan: LoanDetails, proposed: dict[str, ProposedField]) -> dict[str, Any]:
    """{channel, fields: [{name, label, unit, control, options, shown, now, now_shown,
    is_changed, difference, sync}]}; `shown` is the credit system's value, `now` what stands in the
    input after the changes."""
    fields = [_field(name, loan, proposed.get(name)) for name in CONTROLS]
    return {
        "channel": loan.channel_name,
        "fields": fields,
        "changed": sum(1 for field in fields if field["is_changed"]),
        "unsynced": sum(
            1 for field in fields if field["sync"] and field["sync"]["state"] != "synced"
        ),
    }


def _field(name: str, loan: LoanDetails, proposed: ProposedField | None) -> dict[str, Any]:
    value = getattr(loan, name)
    now = value if proposed is None else parsed({name: proposed.text})[name]
    is_account = CONTROLS[name] == "account"
    return {
        "name": name,
        "label": str(FIELDS[name].label),
        "unit": str(UNITS.get(name, "")),
        "control": CONTROLS[name],
        "options": _options(name, str(now)),
        "shown": _shown(name, value),
        "now": "" if is_account else _typed(name, now),
        "now_shown": _shown(name, now),
        "is_changed": now != value,
        "difference": _difference(value, now),
        "sync": _sync(proposed)
        if proposed and (now != value or proposed.state != "synced")
        else None,
    }


def _options(name: str, now: str) -> list[str]:
    if name == "disbursement":
        return list(dict.fromkeys((now, *DISBURSEMENTS)))
    if name == "product_name":
        known = Script.objects.exclude(product_name="").order_by("product_name")
        return list(dict.fromkeys((now, *known.values_list("product_name", flat=True).distinct())))
    return []


def _typed(name: str, value: object) -> str:
    """As it stands in an input; dates are those of the date control."""
    if value is None:
        return ""
    if name == "amount":
        return _shown(name, value)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value)


def _shown(name: str, value: object) -> str:
    if value is None:
        return "—"
    if name == "amount" and isinstance(value, Decimal):
        return f"{value:,.2f}"
    if name == "annual_rate" and isinstance(value, Decimal):
        return f"{value.normalize():f}%"
    if name == "repayment_day":
        return _("每月 {day} 日").format(day=value)
    if name == "repayment_account":
        return mask_account(str(value))
    return str(value)


def _difference(value: object, now: object) -> str:
    """How much more or less a number became."""
    if value == now or not isinstance(value, Decimal) or not isinstance(now, Decimal):
        return ""
    change = now - value
    share = f"（{change / value * 100:+.2f}%）" if value else ""  # data
    return f"{change:+,.2f}{share}"


def _sync(proposed: ProposedField) -> dict[str, Any]:
    at: dt.datetime = timezone.localtime(proposed.at)
    words = {
        "synced": _("已同步 {time}").format(time=f"{at:%H:%M:%S}"),
        "waiting": _("同步中…"),
        "failed": _("同步失败 · 第 {count} 次").format(count=proposed.attempts),
    }
    return {"state": proposed.state, "text": words[proposed.state]}
