"""What the bank's own apps would do: speak to the partner API over HTTP, with their own key."""

import secrets
from typing import Any
from urllib.parse import quote

import httpx
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError

CUSTOMER_APP, CREDIT_SYSTEM = "demo-bank-app", "demo-credit"


class BankUnavailable(DomainError):
    code = "bank_unavailable"
    status = 503
    retryable = True
    message = _("服务暂时无法访问，请稍后再试。")


class AppRefused(DomainError):
    """The partner API refused; its own sentence is shown."""

    code = "app_refused"
    message = "{title}"


def new_key() -> str:
    """One per form: sent twice, the command is done once."""
    return secrets.token_hex(16)


def _ask(
    method: str, path: str, *, as_system: str = CUSTOMER_APP, key: str = "", **more: Any
) -> Any:
    headers = {"Authorization": f"Bearer {settings.PARTNER_API_KEYS.get(as_system, '')}"}
    if key:
        headers["Idempotency-Key"] = key
    try:
        response = httpx.request(
            method,
            f"{settings.WEB_INTERNAL_URL}/api/partner/v1/{path}",
            headers=headers,
            timeout=10,
            trust_env=False,
            **more,
        )
    except httpx.HTTPError as away:
        raise BankUnavailable from away
    if response.is_success:
        return response.json()
    try:
        said = response.json()
    except ValueError:
        said = {}
    if response.status_code >= 500 and "title" not in said:
        raise BankUnavailable
    raise AppRefused(title=said.get("title", ""), code=said.get("code", ""))


def _case(contract_no: str, *rest: str) -> str:
    return "/".join(("cases", quote(contract_no, safe=""), *rest))


# --- 原银在线 ---------------------------------------------------------------------------------


def open_login(phone: str) -> dict[str, Any]:
    found: dict[str, Any] = _ask("GET", "open-login", params={"phone": phone})
    return found


def tasks_of(phone: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _ask("GET", "tasks", params={"phone": phone})
    return found


def loans_of(phone: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _ask("GET", "loans", params={"phone": phone})
    return found


def ticket_for(task_id: str, party_id: str, channel_code: str) -> str:
    """Path of the call page with its single-use ticket."""
    body = {"task_id": task_id, "party_id": party_id, "channel_code": channel_code}
    return str(_ask("POST", "tickets", json=body)["call_path"])


def check_ticket_for(task_id: str, party_id: str, channel_code: str) -> str:
    """Path of the device check, open until the slot begins."""
    body = {"task_id": task_id, "party_id": party_id, "channel_code": channel_code}
    return str(_ask("POST", "check-tickets", json=body)["check_path"])


def reschedule(task_id: str, party_id: str, start: str, key: str) -> None:
    body = {"party_id": party_id, "start": start}
    _ask("POST", f"tasks/{quote(task_id, safe='')}/appointment", json=body, key=key)


def progress(contract_no: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _ask("GET", _case(contract_no, "progress"))
    return found


def bank_app_progress(contract_no: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _ask("GET", _case(contract_no, "bank-app-progress"))
    return found


# --- 移动营销 ---------------------------------------------------------------------------------


def seats() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _ask("GET", "seats")
    return found


def seat_days(staff_no: str) -> dict[str, Any]:
    found: dict[str, Any] = _ask("GET", f"seats/{quote(staff_no, safe='')}/days")
    return found


def cases_of(manager_no: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _ask("GET", "cases", params={"manager_no": manager_no})
    return found


def case(contract_no: str) -> dict[str, Any]:
    found: dict[str, Any] = _ask("GET", _case(contract_no))
    return found


def sms_results(contract_no: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _ask("GET", _case(contract_no, "sms"))
    return found


def submit_interview(contract_no: str, staff_no: str, start: str, key: str) -> None:
    body = {"staff_no": staff_no, "start": start}
    _ask("POST", _case(contract_no, "interview"), json=body, key=key)


def submit_contract(contract_no: str, key: str) -> None:
    _ask("POST", _case(contract_no, "contract"), key=key)


def submit_signing(contract_no: str, key: str) -> None:
    _ask("POST", _case(contract_no, "signing"), key=key)


def decide_proposal(contract_no: str, proposal_id: str, *, accept: bool, key: str) -> None:
    path = _case(contract_no, "proposals", quote(proposal_id, safe=""))
    _ask("POST", path, json={"accept": accept}, key=key)


def send_sms_again(contract_no: str, party_id: str, key: str) -> None:
    _ask("POST", _case(contract_no, "sms"), json={"party_id": party_id}, key=key)


# --- 信贷系统 ---------------------------------------------------------------------------------


def reverse(contract_no: str, reason: str, key: str) -> None:
    path = _case(contract_no, "reversal")
    _ask("POST", path, json={"reason": reason}, as_system=CREDIT_SYSTEM, key=key)


def reach_node(contract_no: str, node: str, key: str) -> None:
    path = _case(contract_no, "node")
    _ask("POST", path, json={"node": node}, as_system=CREDIT_SYSTEM, key=key)
