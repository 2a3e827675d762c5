"""Pages that stand in for 原银在线, 计步器 and 手机银行 (APP-1…4, PRG-1, MBK-1)."""

import datetime as dt
import re
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from common.errors import DomainError, NotFound

from . import client
from .pages import page, say
from .showing import day_words, money, picker, slot_words, with_times

CHANNEL = "APP-YYZX"
HOME = "partner_portals/customer.html"


def _shown(task: dict[str, Any]) -> dict[str, Any]:
    """A task with the words of its card."""
    told: dict[str, Any] = with_times(task)
    start, end = told["slot_start"], told["slot_end"]
    told["slot_words"] = slot_words(start, end) if start else ""
    if (
        start
        and not told["open_now"]
        and told["state"] == "PENDING"
        and start > timezone.localtime()
    ):
        told["opens"] = f"{day_words(start)} {start:%H:%M}"
    if told["open_now"]:
        told["minutes_left"] = max(0, int((end - timezone.localtime()) / dt.timedelta(minutes=1)))
    told["expired"] = told["slot_state"] == "EXPIRED"
    told["kept"] = told["slot_state"] == "KEPT"
    others = [party for party in told["parties"] if party["party_id"] != told["party_id"]]
    told["here"] = [party["name"] for party in others if party["waiting"]]
    told["missing"] = [
        party["name"] for party in others if not party["waiting"] and not party["interviewed"]
    ]
    return told


def _phone(request: HttpRequest) -> str:
    return (request.POST if request.method == "POST" else request.GET).get("phone", "").strip()


@require_GET
@page
def customer(request: HttpRequest) -> HttpResponse:
    """我的: to-dos and loans of a registered phone; without an account the open login (APP-4)."""
    phone = _phone(request)
    if not phone:
        return say(request, HOME, phone="")
    if not re.fullmatch(r"\d{6,20}", phone):
        answer = say(request, HOME, phone=phone, problem=_("请输入正确的手机号码。"))
        answer.status_code = 400
        return answer
    try:
        login = client.open_login(phone)
        if login["next"] != "tasks":
            return say(request, "partner_portals/open_login.html", phone=phone, login=login)
        tasks = [_shown(task) for task in client.tasks_of(phone)]
        todo = [task for task in tasks if task["state"] == "PENDING"]
        over = [task for task in tasks if task["state"] != "PENDING"]
        loans = with_times(client.loans_of(phone))
    except DomainError as refusal:
        return say(request, HOME, refusal, phone=phone)
    return say(request, HOME, phone=phone, todo=todo, over=over, loans=loans)


@require_POST
@page
def call(request: HttpRequest) -> HttpResponse:
    """[视频面谈]: the app's server gets a ticket and opens the call page with it."""
    return _enter(request, client.ticket_for)


@require_POST
@page
def check(request: HttpRequest) -> HttpResponse:
    """[设备预检] before the slot."""
    return _enter(request, client.check_ticket_for)


def _enter(request: HttpRequest, ticket: Any) -> HttpResponse:
    try:
        path = ticket(request.POST.get("task_id", ""), request.POST.get("party_id", ""), CHANNEL)
    except DomainError as refusal:
        return say(request, HOME, refusal, phone=_phone(request))
    return redirect(path)


def _loan(phone: str, contract_no: str) -> dict[str, Any]:
    """The loan of this borrower; anybody else's is not there."""
    for loan in client.loans_of(phone):
        if loan["contract_no"] == contract_no:
            found: dict[str, Any] = with_times(loan)
            return found | {"amount": money(found["amount"])}
    raise NotFound


def _progress(phone: str, contract_no: str) -> dict[str, Any]:
    loan = _loan(phone, contract_no)
    mine = [task for task in client.tasks_of(phone) if task["contract_no"] == contract_no]
    return {
        "phone": phone,
        "loan": loan,
        "nodes": with_times(client.progress(contract_no)),
        "task": _shown(mine[0]) if mine else None,
    }


@require_GET
@page
def loan(request: HttpRequest, contract_no: str) -> HttpResponse:
    """我的贷款-进度查询: nodes, and 面谈 with what can be done now (APP-1…3)."""
    return say(request, "partner_portals/progress.html", **_progress(_phone(request), contract_no))


@page
def reschedule(request: HttpRequest, contract_no: str) -> HttpResponse:
    """改约: the same seat's times within a month, the taken ones greyed (APP-3)."""
    context = _progress(_phone(request), contract_no)
    task = context["task"]
    if task is None:
        raise NotFound
    if request.method == "POST":
        start, key = request.POST.get("start", ""), request.POST.get("key", "")
        try:
            client.reschedule(task["task_id"], task["party_id"], start, key)
        except DomainError as refusal:
            return _sheet(request, context, refusal)
        return redirect(_loan_url(context))
    if not task["may_reschedule"]:
        return redirect(_loan_url(context))
    return _sheet(request, context)


def _loan_url(context: dict[str, Any]) -> str:
    url = reverse("partner_portals:loan", args=[context["loan"]["contract_no"]])
    return f"{url}?{urlencode({'phone': context['phone']})}"


def _sheet(
    request: HttpRequest, context: dict[str, Any], refusal: DomainError | None = None
) -> HttpResponse:
    days = client.seat_days(context["task"]["staff_no"])["days"]
    chosen = picker(days, request.GET.get("day", ""))
    return say(request, "partner_portals/progress.html", refusal, **context, picker=chosen)


@require_GET
@page
def steps(request: HttpRequest, contract_no: str) -> HttpResponse:
    """计步器: eight nodes with state (PRG-1)."""
    nodes = with_times(client.progress(contract_no))
    return say(request, "partner_portals/steps.html", nodes=nodes, contract_no=contract_no)


@require_GET
@page
def bank_app(request: HttpRequest, contract_no: str) -> HttpResponse:
    """手机银行/微信银行: the five nodes as ever (MBK-1)."""
    nodes = with_times(client.bank_app_progress(contract_no))
    return say(
        request, "partner_portals/steps.html", nodes=nodes, contract_no=contract_no, five=True
    )


@require_GET
@page
def slots(request: HttpRequest, staff_no: str) -> HttpResponse:
    """What the pickers ask for every few seconds: which times of a day are free."""
    day = request.GET.get("day", "")
    days = {row["date"]: row for row in client.seat_days(staff_no)["days"]}
    free = [slot["start"] for slot in days.get(day, {"slots": []})["slots"] if slot["free"]]
    return JsonResponse({"free": free})
