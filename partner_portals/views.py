"""Pages that stand in for 原银在线 (APP-1, APP-2). They know only the partner API."""

import datetime as dt
import re
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from common.errors import DomainError

from . import client

CHANNEL = "APP-YYZX"


def _shown(task: dict[str, Any]) -> dict[str, Any]:
    for edge in ("slot_start", "slot_end"):
        if task[edge]:
            task[edge] = timezone.localtime(dt.datetime.fromisoformat(task[edge]))
    return task


def _page(request: HttpRequest, phone: str, problem: str = "", status: int = 200) -> HttpResponse:
    tasks: list[dict[str, Any]] = []
    if phone and not problem:
        try:
            tasks = [_shown(task) for task in client.tasks_of(phone)]
        except DomainError as refusal:
            problem, status = refusal.text, refusal.status
    return render(
        request,
        "partner_portals/customer.html",
        {"phone": phone, "tasks": tasks, "problem": problem, "bank_name": settings.BANK_NAME},
        status=status,
    )


def _require_demo() -> None:
    if not getattr(settings, "DEMO", False):
        raise Http404


@require_GET
def customer(request: HttpRequest) -> HttpResponse:
    """我的-待办任务 of a registered phone."""
    _require_demo()
    phone = request.GET.get("phone", "").strip()
    if phone and not re.fullmatch(r"\d{6,20}", phone):
        return _page(request, phone, _("请输入正确的手机号码。"), 400)
    return _page(request, phone)


@require_POST
def call(request: HttpRequest) -> HttpResponse:
    """[视频面谈]: the app's server gets a ticket and opens the call page with it."""
    _require_demo()
    phone = request.POST.get("phone", "")
    try:
        path = client.ticket_for(
            request.POST.get("task_id", ""), request.POST.get("party_id", ""), CHANNEL
        )
    except DomainError as refusal:
        return _page(request, phone, refusal.text, refusal.status)
    return redirect(path)
