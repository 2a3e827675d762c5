"""What the bank's own app would do: speak to the partner API over HTTP, with its own key."""

from typing import Any

import httpx
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class BankUnavailable(DomainError):
    code = "bank_unavailable"
    status = 503
    retryable = True
    message = _("服务暂时无法访问，请稍后再试。")


class AppRefused(DomainError):
    """The partner API refused; its own sentence is shown."""

    code = "app_refused"
    message = "{title}"


def _ask(method: str, path: str, **arguments: Any) -> Any:
    key = settings.PARTNER_API_KEYS.get("demo-bank-app", "")
    try:
        response = httpx.request(
            method,
            f"{settings.WEB_INTERNAL_URL}/api/partner/v1/{path}",
            headers={"Authorization": f"Bearer {key}"},
            timeout=10,
            trust_env=False,
            **arguments,
        )
    except httpx.HTTPError as away:
        raise BankUnavailable from away
    if response.is_success:
        return response.json()
    if response.status_code >= 500:
        raise BankUnavailable
    raise AppRefused(title=response.json().get("title", ""))


def tasks_of(phone: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _ask("GET", "tasks", params={"phone": phone})
    return found


def ticket_for(task_id: str, party_id: str, channel_code: str) -> str:
    """Path of the call page with its single-use ticket."""
    body = {"task_id": task_id, "party_id": party_id, "channel_code": channel_code}
    return str(_ask("POST", "tickets", json=body)["call_path"])
